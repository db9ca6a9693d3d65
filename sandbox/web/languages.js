// The languages of the voices, and a first guess at the language of a line.

export const languages = await (await fetch('./languages.json')).json();

// Marathi comes after Hindi, whose script it shares: the worker's report corrects the guess.
const SCRIPTS = Object.entries(languages).map(([code, { script }]) => [new RegExp(`\\p{Script=${script}}`, 'u'), code]);
// A line with one Indian letter in it is Indian, whatever else it says.
SCRIPTS.sort(([, one], [, other]) => (one === 'en-IN') - (other === 'en-IN'));

/** The language that a script suggests; shown as a guess until the worker has told. */
export function guessLanguage(text) {
  return SCRIPTS.find(([script]) => script.test(text))?.[1] ?? null;
}

/** For the `lang` attribute: Sarvam says `od`, the web says `or`. */
export const webLanguage = (code) => languages[code]?.bcp47 ?? code;

export const languageName = (code) => languages[code]?.english_name ?? code;
