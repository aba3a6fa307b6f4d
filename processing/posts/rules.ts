/**
 * VADER's constants and word lists: Hutto & Gilbert, VADER: A Parsimonious Rule-based Model for Sentiment Analysis of
 * Social Media Text (ICWSM 2014), as in the authors' release 3.3.2.
 */

/** An intensifier or a damper right before a word; two and three words before, times the next ones. */
export const BOOST = 0.293;
export const BOOST_AT_DISTANCE: readonly number[] = [1, 0.95, 0.9];
/** A word in capitals where not all words are. */
export const CAPITALS = 0.733;
/** A negated word. */
export const NEGATION = -0.74;
/** "never so good", and a word right after "so" or "this". */
export const NEVER_SO = 1.25;
/** Before and after "but". */
export const BEFORE_BUT = 0.5;
export const AFTER_BUT = 1.5;
export const EXCLAMATION = 0.292;
export const MOST_EXCLAMATIONS = 4;
export const QUESTION = 0.18;
export const MANY_QUESTIONS = 0.96;
/** compound = s / √(s² + ALPHA). */
export const ALPHA = 15;

const words = (list: string): readonly string[] => list.trim().split(/\s+/);

export const INTENSIFIERS = words(`
  absolutely amazingly awfully completely considerable considerably decidedly deeply effing enormous enormously entirely
  especially exceptional exceptionally extreme extremely fabulously flipping flippin frackin fracking fricking frickin
  frigging friggin fully fuckin fucking fuggin fugging greatly hella highly hugely incredible incredibly intensely major
  majorly more most particularly purely quite really remarkably so substantially thoroughly total totally tremendous
  tremendously uber unbelievably unusually utter utterly very`);

export const DAMPERS: readonly string[] = [
  ...words(`almost barely hardly kinda kindof kind-of less little marginal marginally occasional occasionally partly scarce
    scarcely slight slightly somewhat sorta sortof sort-of`),
  'just enough',
  'kind of',
  'sort of',
];

/** Besides these, whatever contains "n't". */
export const NEGATORS = words(`
  aint arent cannot cant couldnt darent didnt doesnt dont hadnt hasnt havent isnt mightnt mustnt neednt neither never none
  nope nor not nothing nowhere oughtnt shant shouldnt uhuh uh-uh wasnt werent without wont wouldnt rarely seldom despite`);

/** Phrases whose valence is not that of their words. */
export const IDIOMS: Readonly<Record<string, number>> = {
  'the shit': 3,
  'the bomb': 3,
  'bad ass': 1.5,
  badass: 1.5,
  'bus stop': 0,
  'yeah right': -2,
  'kiss of death': -1.5,
  'to die for': 3,
  'beating heart': 3.5,
  'cut the mustard': 2,
  'hand to mouth': -2,
  'back handed': -2,
  'blow smoke': -2,
  'blowing smoke': -2,
  'upper hand': 1,
  'break a leg': 2,
  'cooking with gas': 2,
  'in the black': 2,
  'in the red': -2,
  'on the ball': 2,
  'under the weather': -2,
};
