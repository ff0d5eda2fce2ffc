// Listens to the events of the service, and tries again when it is gone.

export function listen(handlers, onState) {
  let source;
  let isStopping = false;

  function open() {
    source = new EventSource('/api/events');
    source.onopen = () => {
      isStopping = false;
      onState('live');
    };
    source.onerror = () => {
      onState(isStopping ? 'stopped' : 'lost');
      // A browser tries again by itself unless the answer was an error.
      if (source.readyState === EventSource.CLOSED) setTimeout(open, 3000);
    };
    for (const [name, handler] of Object.entries(handlers))
      source.addEventListener(name, event => handler(JSON.parse(event.data)));
    source.addEventListener('stopping', () => {
      isStopping = true;
      onState('stopping');
    });
  }
  open();
}
