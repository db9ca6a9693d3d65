// The eleven languages of the voices, and a first guess at the language of a line.

export const languages = await (await fetch('./languages.json')).json();

const SCRIPTS = [
  [/\p{Script=Bengali}/u, 'bn-IN'],
  [/\p{Script=Gujarati}/u, 'gu-IN'],
  [/\p{Script=Devanagari}/u, 'hi-IN'], // Marathi too: the worker's report corrects it
  [/\p{Script=Kannada}/u, 'kn-IN'],
  [/\p{Script=Malayalam}/u, 'ml-IN'],
  [/\p{Script=Oriya}/u, 'od-IN'],
  [/\p{Script=Gurmukhi}/u, 'pa-IN'],
  [/\p{Script=Tamil}/u, 'ta-IN'],
  [/\p{Script=Telugu}/u, 'te-IN'],
  [/\p{Script=Latin}/u, 'en-IN'],
];

/** The language that a script suggests; shown as a guess until the worker has told. */
export function guessLanguage(text) {
  return SCRIPTS.find(([script]) => script.test(text))?.[1] ?? null;
}

/** For the `lang` attribute: Sarvam says `od`, the web says `or`. */
export const webLanguage = (code) => code.replace(/^od-/, 'or-');

export const languageName = (code) => languages[code]?.english_name ?? code;
