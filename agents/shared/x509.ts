// @peculiar/x509 asks for this polyfill before it is loaded itself; every other file takes it from here.
import 'reflect-metadata';

export * from '@peculiar/x509';
