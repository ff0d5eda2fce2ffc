// The list of jobs: one row each, the newest first.

import {show} from './details.js';
import {byId, duration, element, setText, size} from './dom.js';
import {look} from './endings.js';

const most = 100;
const rows = new Map();  // in the order of the jobs' numbers

const sampleNames = () => Object.fromEntries(
    [...document.querySelectorAll('[data-sample]')].map(b => [b.dataset.sample, b.querySelector('b').textContent]));
let names;

function titleOf(job) {
  names ??= sampleNames();
  return job.kind === 'sample' ? names[job.label] ?? job.label : job.label;
}

class Row {
  constructor(job) {
    this.badge = element('span', {class: 'badge'});
    this.title = element('b');
    this.line = element('span');
    this.time = element('b');
    this.origin = element('span');
    this.more = element('div', {class: 'more'});
    this.details = element('details', {},
        element('summary', {}, this.badge, element('div', {class: 'what'}, this.title, this.line),
                element('div', {class: 'cost'}, this.time, this.origin)),
        this.more);
    this.item = element('li', {}, this.details);
    this.details.addEventListener('toggle', () => this.load());
    this.update(job);
  }

  update(job) {
    const wasState = this.job?.state;
    this.job = job;
    const [kind, word, sign] = look(job.ending ?? job.state);
    this.item.className = kind;
    setText(this.badge, sign ? `${sign} ${word}` : word);
    setText(this.title, titleOf(job));
    setText(this.line, job.headline ?? job.stage ?? (job.kind === 'sample' ? 'attack' : size(job.bytes)));
    setText(this.time, job.took === undefined ? '' : duration(job.took));
    setText(this.origin, `job ${job.id}` + (job.generation ? ` · worker ${job.generation}` : ''));
    this.load();
  }

  /** Fills in the details. Those of an end stay: the service forgets old jobs, and may be gone. */
  async load() {
    if (!this.details.open || this.hasEnd) return;
    if (this.job.state !== 'ended') {
      this.more.replaceChildren(...show({job: this.job}));
      return;
    }
    this.hasEnd = true;
    try {
      const response = await fetch(`/api/jobs/${this.job.id}`);
      const answer = await response.json();
      if (!response.ok) throw new Error(answer.error);
      this.more.replaceChildren(...show(answer));
    } catch (error) {
      this.hasEnd = false;  // unfolding it again tries again
      this.more.replaceChildren(element('p', {}, `The details cannot be had: ${error.message}`));
    }
  }

  get isInUse() {
    return this.details.open || this.item.contains(document.activeElement);
  }
}

function forgetOld() {
  for (const [id, row] of rows) {
    if (rows.size <= most) break;
    if (row.isInUse) continue;
    row.item.remove();
    rows.delete(id);
  }
}

export function updateJob(job) {
  const row = rows.get(job.id);
  if (row) {
    row.update(job);
  } else {
    const made = new Row(job);
    rows.set(job.id, made);
    byId('list').prepend(made.item);
    forgetOld();
  }
  byId('empty').hidden = true;
}

/** Starts again: the service may be another one, with other jobs of the same numbers. */
export function replaceJobs(jobs) {
  const ids = new Set(jobs.map(job => job.id));
  for (const [id, row] of rows)
    if (!ids.has(id) || row.job.sent !== jobs.find(job => job.id === id).sent) {
      row.item.remove();
      rows.delete(id);
    }
  byId('empty').hidden = jobs.length > 0;
  for (const job of jobs) updateJob(job);
}

export function prepareFilter() {
  byId('filter').addEventListener('change', event => { byId('list').dataset.show = event.target.value; });
}
