/**
 * Which words of a post name which instruments: plain data, edited by people. `examples/instruments.yaml` shows every key.
 */
export interface InstrumentTable {
  readonly assets: readonly Asset[];
  /**
   * Symbols that count as cashtags only (`$ALL`), since in capitals they are words. Case does not matter.
   * @default defaultStopWords
   */
  readonly stopWords?: readonly string[];
  /**
   * Words that tell that a post is about markets, for names with `context`.
   * @default defaultContextWords
   */
  readonly contextWords?: readonly string[];
}

/** What people talk about, and where it trades. */
export interface Asset {
  /** With their venues, `coinbase:BTC-USD`: a post about the asset is a post about each. */
  readonly instruments: readonly string[];
  /** `AAPL`: counts as a cashtag in any case, and without `$` in capitals unless it is a stop word. `BRK.B` is also `BRK-B`. */
  readonly symbols?: readonly string[];
  /** `BTC.X`: counts as a cashtag only. */
  readonly cashtags?: readonly string[];
  readonly names?: readonly (string | AssetName)[];
}

export interface AssetName {
  /** One or more words; between them a post may have blanks or hyphens. */
  readonly name: string;
  /**
   * `any`: in any case. `written`: as written here, or all in capitals, so that an apple is not Apple.
   * @default any
   */
  readonly letters?: 'any' | 'written';
  /**
   * Count only in a post that has a cashtag, a symbol in capitals, or a context word as well.
   * @default false
   */
  readonly context?: boolean;
}

const words = (list: string): readonly string[] => list.trim().split(/\s+/);

/** Single letters, and words that are shouted or are symbols of their own: what a table uses unless it says otherwise. */
export const defaultStopWords: readonly string[] = [
  ...words('A B C D E F G H I J K L M N O P Q R S T U V W X Y Z'),
  ...words(`
  AI ALL AM AN AND ANY ARE AS AT ATH BE BEST BIG BILL BUY BY CAN CAR CASH CEO CFO COST CPI DAY DD DIA DO EAT EDIT EPS ETF EU
  EV EVER FAST FDA FED FOR FREE FUN GAP GDP GO GOLD GOOD HAS HE HOLD HOPE IMO IN IPO IRS IS IT KEY LIFE LINK LOVE LOW MA MAN ME
  MO MOON MORE MY NEAR NEW NEXT NICE NO NOW OF OK ON ONE OPEN OR OUT PAY PEAK PLAY PM POST REAL RH ROCK RUN SAFE SAVE SEC
  SEE SELL SHE SO STAY SUN THE TO TOO TOP TRUE TV TWO UK UN UP US USA USD VERY WE WELL WHO WIN WORK YOU`),
];

export const defaultContextWords: readonly string[] = words(`
  stock stocks share shares shareholder shareholders earnings revenue dividend market markets nasdaq nyse dow trading trader
  traders investor investors analyst analysts bullish bearish ipo eps ceo cfo upgrade downgrade crypto cryptocurrency
  cryptocurrencies blockchain coin coins token tokens altcoin altcoins defi exchange wallet`);
