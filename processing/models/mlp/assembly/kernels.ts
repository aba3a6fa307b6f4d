// Dense kernels in AssemblyScript, for WebAssembly with 128-bit SIMD. `scalar.ts` says what each computes, in the same order of
// operations: results are equal bit for bit. Addresses are byte offsets; widths are multiples of 4.

// @ts-nocheck: AssemblyScript, not TypeScript.

@inline function row(y: usize, x: usize, w: usize, b: usize, inputs: i32, outputs: i32, o: i32, relu: bool): void {
  let sum = v128.load(b + (<usize>o << 2));
  const stride = <usize>outputs << 2;
  let at = w + (<usize>o << 2);
  for (let i = 0; i < inputs; i++) {
    sum = f32x4.add(sum, f32x4.mul(v128.load32_splat(x + (<usize>i << 2)), v128.load(at)));
    at += stride;
  }
  if (relu) sum = f32x4.pmax(f32x4.splat(0), sum);
  v128.store(y + (<usize>o << 2), sum);
}

export function forward(y: usize, x: usize, w: usize, b: usize, rows: i32, inputs: i32, outputs: i32, relu: bool): void {
  const xs = <usize>inputs << 2;
  const ys = <usize>outputs << 2;
  const zero = f32x4.splat(0);
  let r = 0;
  for (; r + 4 <= rows; r += 4) {
    const x0 = x + <usize>r * xs, x1 = x0 + xs, x2 = x1 + xs, x3 = x2 + xs;
    const y0 = y + <usize>r * ys, y1 = y0 + ys, y2 = y1 + ys, y3 = y2 + ys;
    let o = 0;
    for (; o + 8 <= outputs; o += 8) {
      const ob = <usize>o << 2;
      const ba = v128.load(b + ob), bb = v128.load(b + ob, 16);
      let a0 = ba, a1 = ba, a2 = ba, a3 = ba, c0 = bb, c1 = bb, c2 = bb, c3 = bb;
      let at = w + ob;
      for (let i: usize = 0; i < xs; i += 4) {
        const wa = v128.load(at), wb = v128.load(at, 16);
        let s = v128.load32_splat(x0 + i);
        a0 = f32x4.add(a0, f32x4.mul(s, wa));
        c0 = f32x4.add(c0, f32x4.mul(s, wb));
        s = v128.load32_splat(x1 + i);
        a1 = f32x4.add(a1, f32x4.mul(s, wa));
        c1 = f32x4.add(c1, f32x4.mul(s, wb));
        s = v128.load32_splat(x2 + i);
        a2 = f32x4.add(a2, f32x4.mul(s, wa));
        c2 = f32x4.add(c2, f32x4.mul(s, wb));
        s = v128.load32_splat(x3 + i);
        a3 = f32x4.add(a3, f32x4.mul(s, wa));
        c3 = f32x4.add(c3, f32x4.mul(s, wb));
        at += ys;
      }
      if (relu) {
        a0 = f32x4.pmax(zero, a0); a1 = f32x4.pmax(zero, a1); a2 = f32x4.pmax(zero, a2); a3 = f32x4.pmax(zero, a3);
        c0 = f32x4.pmax(zero, c0); c1 = f32x4.pmax(zero, c1); c2 = f32x4.pmax(zero, c2); c3 = f32x4.pmax(zero, c3);
      }
      v128.store(y0 + ob, a0); v128.store(y0 + ob, c0, 16);
      v128.store(y1 + ob, a1); v128.store(y1 + ob, c1, 16);
      v128.store(y2 + ob, a2); v128.store(y2 + ob, c2, 16);
      v128.store(y3 + ob, a3); v128.store(y3 + ob, c3, 16);
    }
    for (; o < outputs; o += 4) {
      row(y0, x0, w, b, inputs, outputs, o, relu);
      row(y1, x1, w, b, inputs, outputs, o, relu);
      row(y2, x2, w, b, inputs, outputs, o, relu);
      row(y3, x3, w, b, inputs, outputs, o, relu);
    }
  }
  for (; r < rows; r++) {
    const xr = x + <usize>r * xs;
    const yr = y + <usize>r * ys;
    let o = 0;
    // One row alone: sixteen outputs at a time, so that additions do not wait for one another.
    for (; o + 16 <= outputs; o += 16) {
      const ob = <usize>o << 2;
      let a = v128.load(b + ob), c = v128.load(b + ob, 16), d = v128.load(b + ob, 32), e = v128.load(b + ob, 48);
      let at = w + ob;
      for (let i: usize = 0; i < xs; i += 4) {
        const s = v128.load32_splat(xr + i);
        a = f32x4.add(a, f32x4.mul(s, v128.load(at)));
        c = f32x4.add(c, f32x4.mul(s, v128.load(at, 16)));
        d = f32x4.add(d, f32x4.mul(s, v128.load(at, 32)));
        e = f32x4.add(e, f32x4.mul(s, v128.load(at, 48)));
        at += ys;
      }
      if (relu) { a = f32x4.pmax(zero, a); c = f32x4.pmax(zero, c); d = f32x4.pmax(zero, d); e = f32x4.pmax(zero, e); }
      v128.store(yr + ob, a); v128.store(yr + ob, c, 16); v128.store(yr + ob, d, 32); v128.store(yr + ob, e, 48);
    }
    for (; o < outputs; o += 4) row(yr, xr, w, b, inputs, outputs, o, relu);
  }
}

// dx[r][i] = (Σ_o dy[r][o] w[i][o]) where x[r][i] > 0, else 0. Four partial sums, then (0 + 1) + (2 + 3).
export function backward(dx: usize, dy: usize, w: usize, x: usize, rows: i32, inputs: i32, outputs: i32): void {
  const xs = <usize>inputs << 2;
  const ys = <usize>outputs << 2;
  for (let r = 0; r < rows; r++) {
    const dyr = dy + <usize>r * ys;
    const at = <usize>r * xs;
    for (let i = 0; i < inputs; i += 4) {
      const w0 = w + <usize>i * ys, w1 = w0 + ys, w2 = w1 + ys, w3 = w2 + ys;
      let a = f32x4.splat(0), c = a, d = a, e = a;
      for (let o: usize = 0; o < ys; o += 16) {
        const g = v128.load(dyr + o);
        a = f32x4.add(a, f32x4.mul(g, v128.load(w0 + o)));
        c = f32x4.add(c, f32x4.mul(g, v128.load(w1 + o)));
        d = f32x4.add(d, f32x4.mul(g, v128.load(w2 + o)));
        e = f32x4.add(e, f32x4.mul(g, v128.load(w3 + o)));
      }
      // Transpose 4 × 4, then add.
      const t0 = v128.shuffle<f32>(a, c, 0, 4, 1, 5), t1 = v128.shuffle<f32>(a, c, 2, 6, 3, 7);
      const t2 = v128.shuffle<f32>(d, e, 0, 4, 1, 5), t3 = v128.shuffle<f32>(d, e, 2, 6, 3, 7);
      const l0 = v128.shuffle<f32>(t0, t2, 0, 1, 4, 5), l1 = v128.shuffle<f32>(t0, t2, 2, 3, 6, 7);
      const l2 = v128.shuffle<f32>(t1, t3, 0, 1, 4, 5), l3 = v128.shuffle<f32>(t1, t3, 2, 3, 6, 7);
      const sum = f32x4.add(f32x4.add(l0, l1), f32x4.add(l2, l3));
      const on = f32x4.gt(v128.load(x + at + (<usize>i << 2)), f32x4.splat(0));
      v128.store(dx + at + (<usize>i << 2), v128.and(sum, on));
    }
  }
}

// dw[i][o] += Σ_r x[r][i] dy[r][o] and db[o] += Σ_r dy[r][o], rows in their order.
export function gradient(dw: usize, db: usize, x: usize, dy: usize, rows: i32, inputs: i32, outputs: i32): void {
  const xs = <usize>inputs << 2;
  const ys = <usize>outputs << 2;
  for (let i = 0; i < inputs; i += 4) {
    const w0 = dw + <usize>i * ys, w1 = w0 + ys, w2 = w1 + ys, w3 = w2 + ys;
    let o: usize = 0;
    for (; o + 32 <= ys; o += 32) {
      let a0 = v128.load(w0 + o), b0 = v128.load(w0 + o, 16), a1 = v128.load(w1 + o), b1 = v128.load(w1 + o, 16);
      let a2 = v128.load(w2 + o), b2 = v128.load(w2 + o, 16), a3 = v128.load(w3 + o), b3 = v128.load(w3 + o, 16);
      let xr = x + (<usize>i << 2);
      let dr = dy + o;
      for (let r = 0; r < rows; r++) {
        const ga = v128.load(dr), gb = v128.load(dr, 16);
        let s = v128.load32_splat(xr);
        a0 = f32x4.add(a0, f32x4.mul(s, ga)); b0 = f32x4.add(b0, f32x4.mul(s, gb));
        s = v128.load32_splat(xr, 4);
        a1 = f32x4.add(a1, f32x4.mul(s, ga)); b1 = f32x4.add(b1, f32x4.mul(s, gb));
        s = v128.load32_splat(xr, 8);
        a2 = f32x4.add(a2, f32x4.mul(s, ga)); b2 = f32x4.add(b2, f32x4.mul(s, gb));
        s = v128.load32_splat(xr, 12);
        a3 = f32x4.add(a3, f32x4.mul(s, ga)); b3 = f32x4.add(b3, f32x4.mul(s, gb));
        xr += xs;
        dr += ys;
      }
      v128.store(w0 + o, a0); v128.store(w0 + o, b0, 16); v128.store(w1 + o, a1); v128.store(w1 + o, b1, 16);
      v128.store(w2 + o, a2); v128.store(w2 + o, b2, 16); v128.store(w3 + o, a3); v128.store(w3 + o, b3, 16);
    }
    for (; o < ys; o += 16) {
      let a0 = v128.load(w0 + o), a1 = v128.load(w1 + o), a2 = v128.load(w2 + o), a3 = v128.load(w3 + o);
      let xr = x + (<usize>i << 2);
      let dr = dy + o;
      for (let r = 0; r < rows; r++) {
        const g = v128.load(dr);
        a0 = f32x4.add(a0, f32x4.mul(v128.load32_splat(xr), g));
        a1 = f32x4.add(a1, f32x4.mul(v128.load32_splat(xr, 4), g));
        a2 = f32x4.add(a2, f32x4.mul(v128.load32_splat(xr, 8), g));
        a3 = f32x4.add(a3, f32x4.mul(v128.load32_splat(xr, 12), g));
        xr += xs;
        dr += ys;
      }
      v128.store(w0 + o, a0); v128.store(w1 + o, a1); v128.store(w2 + o, a2); v128.store(w3 + o, a3);
    }
  }
  for (let o: usize = 0; o < ys; o += 16) {
    let sum = v128.load(db + o);
    let dr = dy + o;
    for (let r = 0; r < rows; r++) {
      sum = f32x4.add(sum, v128.load(dr));
      dr += ys;
    }
    v128.store(db + o, sum);
  }
}

// Σ g², in four partial sums.
export function squares(g: usize, n: i32): f32 {
  let sum = f32x4.splat(0);
  const end = g + (<usize>n << 2);
  for (; g < end; g += 16) {
    const v = v128.load(g);
    sum = f32x4.add(sum, f32x4.mul(v, v));
  }
  return (f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1)) + (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3));
}

// w -= rate * (g * scale + l2 * w)
export function sgd(w: usize, g: usize, n: i32, scale: f32, rate: f32, l2: f32): void {
  const s = f32x4.splat(scale), r = f32x4.splat(rate), l = f32x4.splat(l2);
  for (let at: usize = 0, end = <usize>n << 2; at < end; at += 16) {
    const old = v128.load(w + at);
    const slope = f32x4.add(f32x4.mul(v128.load(g + at), s), f32x4.mul(l, old));
    v128.store(w + at, f32x4.sub(old, f32x4.mul(r, slope)));
  }
}

// Adam; `rate` and `epsilon` have the bias corrections in them. Moments below their limit become 0.
export function adam(w: usize, g: usize, m: usize, v: usize, n: i32, scale: f32, rate: f32, epsilon: f32, l2: f32): void {
  const s = f32x4.splat(scale), r = f32x4.splat(rate), e = f32x4.splat(epsilon), l = f32x4.splat(l2);
  const b1 = f32x4.splat(0.9), c1 = f32x4.splat(<f32>0.1), b2 = f32x4.splat(0.999), c2 = f32x4.splat(<f32>0.001);
  const tinyMean = f32x4.splat(<f32>1e-20), tinySquare = f32x4.splat(<f32>1e-30);
  for (let at: usize = 0, end = <usize>n << 2; at < end; at += 16) {
    const old = v128.load(w + at);
    const slope = f32x4.add(f32x4.mul(v128.load(g + at), s), f32x4.mul(l, old));
    let mean = f32x4.add(f32x4.mul(b1, v128.load(m + at)), f32x4.mul(c1, slope));
    let square = f32x4.add(f32x4.mul(b2, v128.load(v + at)), f32x4.mul(c2, f32x4.mul(slope, slope)));
    mean = v128.and(mean, f32x4.ge(f32x4.abs(mean), tinyMean));
    square = v128.and(square, f32x4.ge(square, tinySquare));
    v128.store(m + at, mean);
    v128.store(v + at, square);
    v128.store(w + at, f32x4.sub(old, f32x4.div(f32x4.mul(r, mean), f32x4.add(f32x4.sqrt(square), e))));
  }
}
