/** A gap → the alert that reports it. */
import { Alert, Gap } from '#proto';

export type GapInput = Partial<Omit<Gap, 'source'>> & Pick<Gap, 'stream' | 'cause' | 'fromUs' | 'toUs'>;

export function gapAlert(source: string, input: GapInput, timeUs: number): Alert {
  const gap = Gap.fromPartial({ ...input, source });
  const severity = gap.missed > 0 && gap.recovered >= gap.missed ? 'info' : 'warn';
  return Alert.fromPartial({ rule: `gap/${source}`, severity, message: sentence(gap), timeUs, gap });
}

function sentence({ stream, instruments, missed, recovered, first, last, fromUs, toUs, cause }: Gap): string {
  const of = instruments.length === 0 ? 'of all instruments' : instruments.length <= 3 ? `of ${instruments.join(', ')}` : `of ${instruments.length} instruments`;
  const seconds = ((toUs - fromUs) / 1e6).toFixed(1);
  if (missed === 0) return `${stream} records ${of} may be missing from ${seconds} s (${cause})`;
  const numbers = first === 0 ? '' : `, ${first} to ${last}`;
  return `${missed} ${stream} records ${of} missed${numbers} (${cause}), ${recovered} of them fetched afterwards`;
}
