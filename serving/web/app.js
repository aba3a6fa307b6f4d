/** Connects, keeps the newest overview, draws it. Plain modules, no build. */
import { drawCards, tickAges } from './cards.js';
import { drawChart, forgetChart, resizeChart } from './chart.js';
import { listenToDetails, refreshDetails } from './details.js';
import { drawFeed } from './feed.js';
import { count, element, setText } from './format.js';
import { drawModels, explain } from './models.js';

const $ = (id) => document.getElementById(id);
const REFRESH_EVERY_MS = 5000;
const LOST_AFTER_MS = 2500;

let overview = null;
let receivedAt = 0;
let scope = 'total';
let lastDraw = 0;
let rate = null;

const STATES = { loading: 'Loading', live: 'Live', replaying: 'Replaying', finished: 'Recording finished', draining: 'Shutting down', disconnected: 'Disconnected, trying again' };

function drawState(state) {
  const pill = $('state');
  pill.dataset.state = state;
  const lap = state === 'replaying' && overview.lap > 0 ? `, lap ${overview.lap}` : '';
  setText(pill, `${STATES[state] ?? state}${lap}`);
  document.body.classList.toggle('disconnected', state === 'disconnected');
}

function drawHeader() {
  const facts = [];
  if (overview.rows > 0) facts.push(`${count(overview.rows)} rows`);
  if (rate !== null && rate >= 0.5) facts.push(`${count(Math.round(rate))} a second`);
  if (overview.posts.count > 0) facts.push(`${count(overview.posts.count)} ${overview.posts.synthetic ? 'made-up ' : ''}${overview.posts.count === 1 ? 'post' : 'posts'}`);
  setText($('facts'), facts.join(' · '));
  const recording = overview.sources.find(({ rows }) => rows > 0);
  $('progress').hidden = !recording;
  if (recording) $('progress').value = recording.finished ? 1 : Math.min(1, recording.row / recording.rows);
}

function drawNotices() {
  const words = [];
  const quiet = 'The posts in this run are made up by a generator, not written by people.';
  if (overview.lap > 1) words.push(`This is lap ${overview.lap} of the recording: only the first lap is unseen data. From the second lap on the models have seen what comes, and the numbers flatter them.`);
  if (!overview.connected) words.push('The server has lost its queue. What is shown is the last that it knew.');
  if (overview.posts.synthetic) words.push(quiet);
  const notices = $('notices');
  if (notices.dataset.words === words.join('\n')) return;
  notices.dataset.words = words.join('\n');
  notices.replaceChildren(...words.map((text) => element('p', text === quiet ? 'notice quiet' : 'notice', text)));
}

function draw() {
  drawState(overview.state);
  drawHeader();
  drawNotices();
  drawCards($('cards'), overview, 0);
  drawModels($('models'), overview);
  drawFeed($('feed'), overview);
  const classes = overview.feed.find(({ probabilities }) => probabilities.length > 0)?.probabilities.length ?? 3;
  explain($('explain'), classes);
}

function measureRate(next) {
  if (!overview || next.nowMs <= overview.nowMs) return;
  const now = ((next.rows - overview.rows) / (next.nowMs - overview.nowMs)) * 1000;
  rate = rate === null ? now : rate * 0.85 + now * 0.15;
}

function connect() {
  const source = new EventSource('/v1/overview/stream');
  source.onmessage = ({ data }) => {
    const next = JSON.parse(data);
    measureRate(next);
    const first = overview === null;
    overview = next;
    receivedAt = window.performance.now();
    requestAnimationFrame(draw);
    if (first) refresh();
  };
  source.onerror = () => {
    // The browser reconnects by itself unless the server answered with an error.
    if (source.readyState !== 2) return;
    setTimeout(connect, 2000);
  };
}

function refresh() {
  if (document.hidden || !overview) return;
  void refreshChart();
  void refreshDetails(overview);
}

async function refreshChart() {
  if (document.hidden || !overview) return;
  try {
    const response = await fetch(`/v1/evaluations?scope=${scope}`);
    if (!response.ok) return;
    const { series } = await response.json();
    drawChart($('chart'), series, new Set(overview.models.filter(({ baseline }) => baseline).map(({ name }) => name)));
  } catch {
    // The state in the header says that the server is away.
  }
}

function heartbeat() {
  const elapsed = window.performance.now() - receivedAt;
  if (elapsed > LOST_AFTER_MS) drawState('disconnected');
  if (overview && elapsed > 150) tickAges(overview, elapsed);
  if (window.performance.now() - lastDraw > REFRESH_EVERY_MS) {
    lastDraw = window.performance.now();
    refresh();
  }
}

for (const button of document.querySelectorAll('.switch button')) {
  button.addEventListener('click', () => {
    scope = button.dataset.scope;
    for (const other of document.querySelectorAll('.switch button')) other.setAttribute('aria-pressed', String(other === button));
    void refreshChart();
  });
}
window.addEventListener('resize', () => { resizeChart($('chart')); });
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  forgetChart();
  void refreshChart();
});
explain($('explain'), 3);
listenToDetails(() => overview);
connect();
setInterval(heartbeat, 250);
