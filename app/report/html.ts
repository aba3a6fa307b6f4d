/** The report of a backtest as one page that needs nothing beside it: styles, charts and data are in it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { packageRoot } from '../package.ts';
import type { Estimate, GroupRow, ModelSection, ReportData } from './data.ts';

const require = createRequire(import.meta.url);
const vendor = (file: string): string => readFileSync(require.resolve(`uplot/dist/${file}`), 'utf8');
const asset = (file: string): string => readFileSync(join(packageRoot, 'app/report/web', file), 'utf8');

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);

const fixed = (value: number, digits = 4): string => value.toFixed(digits);
const signed = (value: number): string => (value > 0 ? '+' : value < 0 ? '−' : '') + fixed(Math.abs(value));
const whole = (value: number): string => value.toLocaleString('en-US');
const percent = (part: number, of: number): string => (of === 0 ? '–' : `${((100 * part) / of).toFixed(1)} %`);

export function reportHtml(data: ReportData): string {
  const charted = { rolling: data.rolling, baseline: data.baseline, models: data.models.map(({ result }) => ({ model: result.model, baseline: result.baseline, calibration: result.calibration })) };
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(data.title)} · Foretick backtest</title>
<style>${vendor('uPlot.min.css')}${asset('report.css')}</style>
</head>
<body>
<header>
<h1>${escape(data.title)}</h1>
<p class="headline">${escape(data.headline)}</p>
<dl class="about">${data.about.map(([name, value]) => `<div><dt>${escape(name)}</dt><dd>${escape(value)}</dd></div>`).join('')}</dl>
</header>
<main>
${overview(data)}
${overTime(data)}
${calibration(data)}
${data.models.map((model) => section(model, data)).join('\n')}
${digests(data)}
</main>
<script type="application/json" id="data">${JSON.stringify(charted).replaceAll('<', '\\u003c')}</script>
<script>${vendor('uPlot.iife.min.js')}</script>
<script>${asset('report.js')}</script>
</body>
</html>
`;
}

function overview({ models, baseline }: ReportData): string {
  const rows = models.map(({ result: r, verdict }) => {
    const versus = r.versusBaseline;
    const between = versus && Number.isFinite(versus.low) ? `${signed(versus.low)} … ${signed(versus.high)}` : '';
    return `<tr><th scope="row">${escape(r.model)}${r.baseline ? ' <small>baseline</small>' : ''}</th><td>${whole(r.outcomes)}</td><td>${fixed(r.logLoss)}</td>
<td>${versus ? signed(versus.mean) : ''}</td><td>${between}</td><td>${percent(r.accuracy, 1)}</td><td>${fixed(r.brier)}</td><td>${fixed(r.calibrationError)}</td><td class="text">${escape(verdict)}</td></tr>`;
  });
  return `<section><h2>All in all</h2>
<p class="hint">Every row was predicted before anything was learned from it. Log loss is the surprise, in nats, at what came true: lower is better. The interval is
that of the difference from ${escape(baseline ?? 'the better baseline')}, by batch means over blocks of two horizons or more; below 0 is better than chance explains.</p>
<div class="scroll"><table><thead><tr><th>model</th><th>scored</th><th>log loss</th><th>vs ${escape(baseline ?? 'baseline')}</th><th>95 % interval</th><th>accuracy</th><th>Brier</th><th>calibration error</th><th class="text">which means</th></tr></thead>
<tbody>${rows.join('')}</tbody></table></div></section>`;
}

function overTime({ rolling: { times, windowUs }, baseline }: ReportData): string {
  if (times.length < 2) return '<section><h2>Over time</h2><p class="empty">The recording is too short for a picture over time: it takes seven blocks of two horizons.</p></section>';
  return `<section><h2>Over time</h2>
<p class="hint">Rolling windows of ${duration(windowUs)} of event time, each drawn at its end; bands are 95 % intervals of the window. Times are UTC.</p>
<div class="charts">
<figure><figcaption>Log loss minus that of ${escape(baseline ?? 'the baseline')}: below 0 is better</figcaption><div class="chart" data-chart="difference"></div></figure>
<figure><figcaption>Log loss</figcaption><div class="chart" data-chart="logLoss"></div></figure>
<figure><figcaption>Accuracy</figcaption><div class="chart" data-chart="accuracy"></div></figure>
</div></section>`;
}

function calibration({ models }: ReportData): string {
  const scored = models.filter(({ result }) => result.outcomes > 0);
  if (scored.length === 0) return '';
  return `<section><h2>Calibration</h2>
<p class="hint">Of the predictions that were this sure of their top class, how many came true? On the diagonal a model is as often right as it says; below it, it is too sure
of itself. Bars: how many predictions were this sure.</p>
<div class="charts small">${scored.map(({ result }) => `<figure><figcaption>${escape(result.model)}, error ${fixed(result.calibrationError)}</figcaption><div class="chart" data-calibration="${escape(result.model)}"></div></figure>`).join('')}</div></section>`;
}

function section({ result, byInstrument, byHour, abstained }: ModelSection, { classes, baseline }: ReportData): string {
  const open = result.baseline ? '' : ' open';
  return `<details${open}><summary><h2>${escape(result.model)}</h2></summary>
<div class="columns">
<div>${groups('By instrument', 'instrument', byInstrument, baseline)}</div>
<div>${groups('By hour of the day', 'hour, UTC', byHour, baseline)}
<h3>What it said, and what came true</h3>${confusion(result.confusion, classes)}
<h3>Not scored</h3>${notScored(result, abstained)}</div>
</div></details>`;
}

function groups(title: string, what: string, rows: readonly GroupRow[], baseline: string | null): string {
  const widest = Math.max(1e-9, ...rows.flatMap(({ difference: d }) => (d ? [Math.abs(d.mean), Math.abs(d.low ?? 0), Math.abs(d.high ?? 0)] : [])));
  const compared = rows.some(({ difference }) => difference !== null);
  const body = rows.map(
    (row) => `<tr><th scope="row">${escape(row.name)}</th><td>${whole(row.outcomes)}</td><td>${row.outcomes === 0 ? '–' : fixed(row.logLoss)}</td><td>${percent(row.accuracy * row.outcomes, row.outcomes)}</td>
${compared ? `<td>${row.difference ? signed(row.difference.mean) : ''}</td><td class="forest">${forest(row.difference, widest)}</td>` : ''}<td>${percent(row.abstained, row.predictions)}</td></tr>`,
  );
  const head = compared ? `<th>vs ${escape(baseline ?? '')}</th><th>95 % interval</th>` : '';
  return `<h3>${title}</h3><div class="scroll"><table><thead><tr><th>${what}</th><th>scored</th><th>log loss</th><th>accuracy</th>${head}<th>withheld</th></tr></thead><tbody>${body.join('')}</tbody></table></div>`;
}

/** A mean and its interval around a line at 0; ± `widest` fills the width. */
function forest(estimate: Estimate | null, widest: number): string {
  if (!estimate) return '';
  const x = (value: number): string => (60 + (value / widest) * 56).toFixed(1);
  const { mean, low, high } = estimate;
  const known = low !== null && high !== null;
  const tone = !known || (low <= 0 && high >= 0) ? 'even' : high < 0 ? 'better' : 'worse';
  const label = known ? `${signed(low)} … ${signed(high)}` : 'too few blocks for an interval';
  const whisker = known ? `<line x1="${x(low)}" x2="${x(high)}" y1="8" y2="8"/>` : '';
  return `<svg class="${tone}" viewBox="0 0 120 16" role="img" aria-label="${label}"><title>${label}</title><path d="M60 0v16"/>${whisker}<circle cx="${x(mean)}" cy="8" r="3"/></svg>`;
}

function confusion(cells: readonly number[], classes: readonly string[]): string {
  const n = classes.length;
  const rows = classes.map((label, i) => {
    const own = cells.slice(i * n, (i + 1) * n);
    const total = own.reduce((sum, count) => sum + count, 0);
    const columns = own.map((count, j) => `<td class="${i === j ? 'hit' : 'miss'}" style="--share:${total === 0 ? 0 : (count / total).toFixed(3)}"><b>${percent(count, total)}</b> <small>${whole(count)}</small></td>`);
    return `<tr><th scope="row">${escape(label)}</th>${columns.join('')}</tr>`;
  });
  return `<div class="scroll"><table class="confusion"><thead><tr><th>came true</th>${classes.map((name) => `<th>said ${escape(name)}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}

function notScored(result: ModelSection['result'], abstained: ModelSection['abstained']): string {
  const row = (name: string, count: number): string => `<tr><th scope="row">${escape(name)}</th><td>${whole(count)}</td><td>${percent(count, result.predictions)}</td></tr>`;
  return `<div class="scroll"><table><tbody>${abstained.map(({ reason, count }) => row(`withheld: ${reason}`, count)).join('')}${row('expired: no price when the label fell due', result.expired)}${row('open: not due at the end', result.open)}${row('all predictions', result.predictions)}</tbody></table></div>`;
}

function digests({ results }: ReportData): string {
  const topics = (['features', 'predictions', 'outcomes', 'evaluations'] as const).map((name) => [name, whole(results[name].rows), results[name].sha256] as const);
  const rows = [...topics, ['final weights', whole(results.models.length), results.weightsSha256] as const];
  const letters = Object.entries(results.deadLetters).map(([code, count]) => `${whole(count)} ${code}`);
  return `<section><h2>The run</h2><p class="hint">Equal digests mean equal results. Dead letters: ${escape(letters.join(', ') || 'none')}.</p>
<div class="scroll"><table class="digests"><tbody>${rows.map(([name, count, sha256]) => `<tr><th scope="row">${name}</th><td>${count}</td><td class="text"><code>${sha256}</code></td></tr>`).join('')}</tbody></table></div></section>`;
}

function duration(us: number): string {
  const seconds = us / 1e6;
  if (seconds < 120) return `${Number(seconds.toFixed(1))} s`;
  if (seconds < 7200) return `${Number((seconds / 60).toFixed(1))} min`;
  return seconds < 172_800 ? `${Number((seconds / 3600).toFixed(1))} h` : `${Number((seconds / 86_400).toFixed(1))} days`;
}
