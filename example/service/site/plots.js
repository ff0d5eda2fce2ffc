// The last minute as two plots.

import {byId, duration, element, setText, svg} from './dom.js';
import {look} from './endings.js';

const seconds = 60;
const margin = {left: 48, right: 6, top: 8, bottom: 18};
let samples = [];

/** A plot of the size that the page has for it. */
class Plot {
  constructor(where) {
    this.where = where;
    this.width = Math.max(where.clientWidth, 160);
    this.height = Math.max(where.clientHeight, 80);
    this.root = svg('svg', {viewBox: `0 0 ${this.width} ${this.height}`, role: 'img'});
  }
  x(age) {
    const right = this.width - margin.right;
    return right - (age / seconds) * (right - margin.left);
  }
  y(part) {
    const bottom = this.height - margin.bottom;
    return bottom - part * (bottom - margin.top);
  }
  add(name, attributes, ...children) {
    this.root.append(svg(name, attributes, ...children));
  }
  line(part, text) {
    const y = this.y(part);
    this.add('line', {x1: margin.left, x2: this.width - margin.right, y1: y, y2: y});
    this.add('text', {x: margin.left - 6, y: y + 4, 'text-anchor': 'end'}, text);
  }
  finish(label) {
    for (const [age, text, anchor] of [[60, '1 min ago', 'start'], [0, 'now', 'end']])
      this.add('text', {x: this.x(age), y: this.height - 3, 'text-anchor': anchor}, text);
    this.root.setAttribute('aria-label', label);
    this.where.replaceChildren(this.root);
  }
}

/** A sign for a job: its shape tells a result from none, for those who do not see the colours. */
const mark = (kind, x, y) => kind === 'good'
    ? svg('circle', {class: kind, cx: x, cy: y, r: 3.5})
    : svg('path', {class: kind, d: `M${x} ${y - 4.5}l4.5 4.5l-4.5 4.5l-4.5 -4.5z`});

const niceTop = most => [4, 10, 20, 40, 100, 200, 400, 1000, 2000, 4000].find(top => top >= most) ?? most;

function drawThroughput(now) {
  const plot = new Plot(byId('throughput'));
  const top = niceTop(Math.max(...samples.map(each => each.ended), 1));
  for (const part of [0, 0.5, 1]) plot.line(part, `${top * part}`);
  const width = Math.max(plot.x(0) - plot.x(1) - 1, 1);
  const bar = (age, from, to, kind) => plot.add('rect', {
    class: kind, x: plot.x(age + 1) + 0.5, width, y: plot.y(to / top), height: plot.y(from / top) - plot.y(to / top), rx: 1,
  });
  for (const {at, ended, failed} of samples) {
    const age = now - at;
    if (age >= seconds) continue;
    if (ended > failed) bar(age, 0, ended - failed, 'good');
    if (failed > 0) bar(age, ended - failed, ended, 'bad');
  }
  const last = samples.filter(each => now - each.at < 10);
  const rate = last.reduce((sum, each) => sum + each.ended, 0) / Math.max(last.length, 1);
  const failed = samples.reduce((sum, each) => sum + each.failed, 0);
  const text = `${rate.toFixed(1)} jobs/s lately, ${failed} without a result in the last minute`;
  setText(byId('throughput-text'), text);
  plot.finish(`Jobs that ended in each second of the last minute: ${text}`);
}

function drawLatency(now) {
  const plot = new Plot(byId('latency'));
  const part = milliseconds => Math.min(Math.max(Math.log10(milliseconds) / 4, 0), 1);  // 1 ms to 10 s
  for (const [milliseconds, text] of [[1, '1 ms'], [10, '10 ms'], [100, '100 ms'], [1000, '1 s'], [10000, '10 s']])
    plot.line(part(milliseconds), text);
  const all = [];
  for (const {at, ends} of samples) {
    if (now - at >= seconds) continue;
    ends.forEach(([milliseconds, ending], i) => {
      all.push(milliseconds);
      plot.root.append(mark(look(ending)[0], plot.x(now - at + 1 - (i + 0.5) / ends.length), plot.y(part(milliseconds))));
    });
  }
  all.sort((a, b) => a - b);
  const quantile = q => duration(all[Math.min(Math.floor(all.length * q), all.length - 1)]);
  const text = all.length ? `median ${quantile(0.5)}, 95 % within ${quantile(0.95)}` : 'no job in the last minute';
  setText(byId('latency-text'), text);
  plot.finish(`Time that each job took: ${text}`);
}

export function prepareLegend() {
  for (const ending of ['returned', 'threw', 'faulted', 'timed_out', 'killed', 'exited']) {
    const [kind, word] = look(ending);
    byId('legend').append(element('li', {},
        svg('svg', {width: 10, height: 10, 'aria-hidden': 'true'}, mark(kind, 5, 5)), kind === 'plain' ? 'other' : word));
  }
}

export function draw() {
  if (document.hidden || samples.length === 0) return;
  const now = samples.at(-1).at;
  drawThroughput(now);
  drawLatency(now);
}

export function replaceSamples(all) {
  samples = all;
  draw();
}

export function addSample(second) {
  samples.push(second);
  if (samples.length > seconds) samples.shift();
  draw();
}
