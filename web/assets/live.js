// Keeps the parts of a page that change while somebody watches: each `data-live` region follows its events and takes
// over the HTML they carry. The focus and the scroll position of a log stay where they were.
for (const region of document.querySelectorAll('[data-live]')) {
  const events = new EventSource(region.dataset.live);
  events.addEventListener('region', (event) => replace(region, event.data));
  events.addEventListener('end', () => events.close());
}

function replace(region, html) {
  const focused = region.contains(document.activeElement) ? pathTo(region, document.activeElement) : undefined;
  region.innerHTML = html;
  const log = region.querySelector('.log');
  if (log) log.scrollTop = log.scrollHeight;
  if (focused) region.querySelector(focused)?.focus();
}

function pathTo(region, element) {
  const steps = [];
  for (let node = element; node !== region; node = node.parentElement) {
    steps.unshift(`${node.localName}:nth-child(${1 + [...node.parentElement.children].indexOf(node)})`);
  }
  return steps.join(' > ');
}
