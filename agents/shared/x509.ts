// @peculiar/x509 asks for this polyfill before it is loaded itself; every other file takes it from here.
import 'reflect-metadata';

export {
  BasicConstraintsExtension,
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
