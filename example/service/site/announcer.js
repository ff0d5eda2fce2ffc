// Tells people who listen what has ended, once in a while and in few words.

import {byId} from './dom.js';
import {look} from './endings.js';

const pause = 2000;
let ended = [];
let timer;

function speak() {
  timer = undefined;
  const [only] = ended;
  let text;
  if (ended.length === 1) {
    text = `Job ${only.id} ${look(only.ending)[1]}: ${only.headline}`;
  } else {
    const counts = new Map();
    for (const {ending} of ended) counts.set(ending, (counts.get(ending) ?? 0) + 1);
    text = `${ended.length} jobs ended: ` + [...counts].map(([ending, count]) => `${count} ${look(ending)[1]}`).join(', ');
  }
  ended = [];
  byId('announcer').textContent = text;
}

export function announce(job) {
  if (job.state !== 'ended') return;
  ended.push(job);
  timer ??= setTimeout(speak, pause);
}
