// Wires the parts of the page.

import {announce} from './announcer.js';
import {byId, duration, setText, size} from './dom.js';
import {prepareFilter, replaceJobs, updateJob} from './joblist.js';
import {showOverview} from './overview.js';
import {addSample, draw, prepareLegend, replaceSamples} from './plots.js';
import {prepareForms, setLimit} from './send.js';
import {listen} from './stream.js';

const states = {
  live: 'Live',
  lost: 'Reconnecting',
  stopping: 'Stopping',
  stopped: 'Stopped',
};

function showState(state) {
  const pill = byId('connection');
  pill.dataset.state = state === 'stopped' ? 'lost' : state;
  setText(pill, states[state]);
}

function showLimits({file, timeout, memory}) {
  setLimit(file);
  setText(byId('file-limit'), size(file));
  setText(byId('time-limit'), duration(timeout).replace('.00', ''));
  setText(byId('memory-limit'), memory ? `, ${size(memory)} of memory` : '');
}

prepareForms();
prepareFilter();
prepareLegend();
listen({
  snapshot({overview, seconds, jobs, limits}) {
    showLimits(limits);
    showOverview(overview);
    replaceSamples(seconds);
    replaceJobs(jobs);
  },
  second({second, overview}) {
    showOverview(overview);
    addSample(second);
  },
  job({job, overview}) {
    showOverview(overview);
    updateJob(job);
    announce(job);
  },
}, showState);

let resizing;
addEventListener('resize', () => {
  clearTimeout(resizing);
  resizing = setTimeout(draw, 100);
});
document.addEventListener('visibilitychange', draw);
