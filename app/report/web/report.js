/* Charts of a backtest report, drawn from the data in the page. */
(() => {
  const { rolling, models } = JSON.parse(document.getElementById('data').textContent);
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const palette = ['--s1', '--s2', '--s3', '--s4', '--s5'];
  const colours = new Map();
  let [own, base] = [0, 0];
  for (const { model, baseline } of models) colours.set(model, baseline ? `--base${(base++ % 2) + 1}` : palette[own++ % palette.length]);

  const axis = () => ({ stroke: css('--quiet'), grid: { stroke: css('--line'), width: 1 }, ticks: { show: false }, font: '12px system-ui' });
  const faded = (colour) => `color-mix(in srgb, ${colour} 16%, transparent)`;
  const width = (element) => Math.max(240, element.clientWidth);
  const drawn = [];

  /** One line a model with its band; `what` names the estimates. */
  function drawOverTime(element, what) {
    const shown = rolling.series.filter((series) => series[what] !== null);
    const data = [rolling.times.map((us) => us / 1e6)];
    const series = [{ value: (_, t) => (t === null ? '' : `${new Date(t * 1000).toISOString().replace('T', ' ').slice(0, 19)}`) }];
    const bands = [];
    for (const one of shown) {
      const colour = css(colours.get(one.model));
      data.push(one[what].map((e) => e?.mean ?? null));
      series.push({
        label: one.model, stroke: colour, width: one.baseline ? 1.5 : 2, dash: one.baseline ? [5, 4] : [], points: { show: false },
        value: (_, v) => (v === null || v === undefined ? '–' : v.toFixed(4)),
      });
      if (one.baseline && what !== 'difference') continue;
      for (const edge of ['high', 'low']) {
        data.push(one[what].map((e) => e?.[edge] ?? null));
        series.push({ label: `${one.model} ${edge}`, class: 'edge', stroke: 'transparent', width: 0, points: { show: false } });
      }
      bands.push({ series: [data.length - 2, data.length - 1], fill: faded(colour) });
    }
    const zero = what !== 'difference' ? [] : [(u) => {
      const y = u.valToPos(0, 'y', true);
      u.ctx.save();
      u.ctx.strokeStyle = css('--quiet');
      u.ctx.setLineDash([3, 3]);
      u.ctx.beginPath();
      u.ctx.moveTo(u.bbox.left, y);
      u.ctx.lineTo(u.bbox.left + u.bbox.width, y);
      u.ctx.stroke();
      u.ctx.restore();
    }];
    return new uPlot({
      width: width(element), height: 270, bands, series, cursor: { y: false }, tzDate: (t) => uPlot.tzDate(new Date(t * 1000), 'Etc/UTC'),
      scales: { y: { range: (_, low, high) => (what === 'difference' ? pad(Math.min(low, 0), Math.max(high, 0)) : pad(low, high)) } },
      axes: [{ ...axis(), space: 90, values: clock }, { ...axis(), size: 62, values: (_, ticks) => ticks.map((tick) => (what === 'accuracy' ? `${(100 * tick).toFixed(0)} %` : tick.toFixed(2))) }],
      hooks: { draw: zero },
    }, data, element);
  }

  /** Ticks of the time axis: the time of day within two days, else the day. */
  function clock(u, ticks) {
    const span = u.scales.x.max - u.scales.x.min;
    return ticks.map((t) => {
      const iso = new Date(t * 1000).toISOString();
      return span < 172_800 ? iso.slice(11, span < 3600 ? 19 : 16) : iso.slice(0, 10);
    });
  }

  const pad = (low, high) => {
    const by = Math.max((high - low) * 0.06, 0.002);
    return [low - by, high + by];
  };

  function drawCalibration(element, name) {
    const bins = models.find(({ model }) => model === name).calibration.filter(({ count }) => count > 0);
    const most = Math.max(1, ...bins.map(({ count }) => count));
    const data = [
      bins.map(({ count, sumProbability }) => sumProbability / count),
      bins.map(({ count }) => (0.25 * count) / most),
      bins.map(({ count, hits }) => hits / count),
    ];
    const colour = css(colours.get(name));
    return new uPlot({
      width: width(element), height: 260, cursor: { y: false },
      scales: { x: { time: false, range: [0, 1] }, y: { range: [0, 1] } },
      axes: [{ ...axis(), label: 'how sure', labelSize: 18, labelFont: '12px system-ui' }, { ...axis(), size: 44, label: 'came true', labelSize: 18, labelFont: '12px system-ui' }],
      series: [
        { label: 'sure', value: (_, v) => (v === null ? '' : v.toFixed(3)) },
        { label: 'predictions', stroke: 'transparent', fill: css('--line'), paths: uPlot.paths.bars({ size: [0.6, 26] }), points: { show: false }, value: (_, v, __, i) => (i === null ? '' : String(bins[i].count)) },
        { label: 'came true', stroke: colour, width: 2, points: { show: true, size: 7, fill: colour }, value: (_, v) => (v === null || v === undefined ? '' : v.toFixed(3)) },
      ],
      hooks: { drawAxes: [(u) => {
        u.ctx.save();
        u.ctx.strokeStyle = css('--quiet');
        u.ctx.setLineDash([4, 4]);
        u.ctx.beginPath();
        u.ctx.moveTo(u.valToPos(0, 'x', true), u.valToPos(0, 'y', true));
        u.ctx.lineTo(u.valToPos(1, 'x', true), u.valToPos(1, 'y', true));
        u.ctx.stroke();
        u.ctx.restore();
      }] },
    }, data, element);
  }

  function draw() {
    for (const plot of drawn.splice(0)) plot.destroy();
    for (const element of document.querySelectorAll('[data-chart]')) drawn.push(drawOverTime(element, element.dataset.chart));
    for (const element of document.querySelectorAll('[data-calibration]')) drawn.push(drawCalibration(element, element.dataset.calibration));
  }

  draw();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  let waiting = 0;
  window.addEventListener('resize', () => {
    clearTimeout(waiting);
    waiting = setTimeout(draw, 150);
  });
})();
