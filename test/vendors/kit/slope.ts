/** Rise from one value to the next, by least squares. */
export function slope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((all, value) => all + value, 0) / values.length;
  let over = 0;
  let under = 0;
  values.forEach((value, i) => {
    over += (i - middle) * (value - mean);
    under += (i - middle) ** 2;
  });
  return under === 0 ? 0 : over / under;
}
