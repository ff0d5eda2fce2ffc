// How things are: numbers and workers.

import {byId, duration, element, setText} from './dom.js';

export function showOverview({queued, running, ended, endings, restarts, workers, uptime}) {
  setText(byId('queued'), queued);
  setText(byId('running'), running);
  setText(byId('ended'), ended);
  setText(byId('failed'), ended - (endings.returned ?? 0));
  setText(byId('restarts'), restarts);
  setText(byId('uptime'), uptime < 60 ? `${Math.floor(uptime)} s` : duration(uptime * 1000));
  const list = byId('workers');
  while (list.children.length > workers.length) list.lastChild.remove();
  workers.forEach(({job}, slot) => {
    const item = list.children[slot] ?? list.appendChild(element('li'));
    item.classList.toggle('busy', job !== 0);
    setText(item, `slot ${slot}: ` + (job ? `job ${job}` : 'ready'));
  });
}
