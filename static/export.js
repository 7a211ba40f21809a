// Searches and narrows lists on a host that only sends files; elsewhere the program does.
"use strict";

const LONGEST_QUERY = document.querySelector("#find").maxLength;
const LONGEST_EXCERPT = 180;
const MOST_SHOWN = 8;
const HAN = "\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff\\u{20000}-\\u{3ffff}";
const IS_HAN = new RegExp(`[${HAN}]`, "u");
const WORD = new RegExp(`[${HAN}]+|(?:(?![${HAN}])[\\p{L}\\p{N}])+`, "gu");
// In a text as it stands, a letter keeps the accents that follow it.
const WRITTEN_WORD = new RegExp(`[${HAN}]+|(?:(?![${HAN}])[\\p{L}\\p{N}][\\u0300-\\u036f]*)+`, "gu");
const BREVE = "\u0306";
// As in the program's search.py.
const ENDING = new RegExp(
  "^(?:e?s|[аяоеыиуюйь]|ая|яя|ое|ее|ые|ие|ую|юю|ый|ий|ой|ей|ью|ом|ем|ам|ям|ым|им|ах|ях|ых|их|ов|ев" +
    "|ого|его|ому|ему|ами|ями|ыми|ими)?$",
);
const LONGEST_ENDING = 3;
const SHORTEST_STEM = 3;
// From how many letters on a word may be misspelt in one, and in two; as in the program's queries.py.
const SHORT_WORD = 4;
const LONG_WORD = 6;
const MOST_EDITS = 2;

const address = document.currentScript.dataset.index;
const given = new URLSearchParams(location.search);
const asked = (given.get("q") || "").trim().replace(/\s+/g, " ");
const query = asked.slice(0, LONGEST_QUERY);

// The same folding as the program's: no case, no accents but that of й, simplified characters.
function fold(text, simplified) {
  let folded = "";
  // One letter at a time: at the end of a word the Greek sigma has a lower case of its own.
  for (const letter of text.normalize("NFKD")) {
    for (const character of letter.toUpperCase().toLowerCase().normalize("NFKD")) {
      const isOfLetter = character === BREVE && /[иу]$/.test(folded);
      if (!/\p{Mn}/u.test(character) || isOfLetter) folded += simplified.get(character) || character;
    }
  }
  return folded.normalize("NFC");
}

function wordsOf(text, simplified) {
  return fold(text, simplified).match(WORD) || [];
}

// What a word may be without the ending of a noun or an adjective, as the program has them.
function stems(word) {
  const found = [];
  for (let size = Math.max(SHORTEST_STEM, word.length - LONGEST_ENDING); size <= word.length; size += 1) {
    if (ENDING.test(word.slice(size))) found.push(word.slice(0, size));
  }
  return found;
}

// Whether a folded word is found by one of a query: Chinese in any place, the last as a beginning,
// others whole or with another ending.
function isFoundBy(term, word, isLast) {
  if (IS_HAN.test(word)) return term.includes(word);
  if (term === word || (isLast && term.startsWith(word))) return true;
  const stem = word.slice(0, Math.max(SHORTEST_STEM, word.length - LONGEST_ENDING));
  if (!term.startsWith(stem)) return false;
  const possible = stems(word);
  return stems(term).some((one) => possible.includes(one));
}

function has(texts, word, isLast) {
  return texts.split(" ").some((term) => isFoundBy(term, word, isLast));
}

// How well a record answers, to be compared number by number, the least first; null where it does
// not. As the program ranks: an exact name, then what has the words in its names, the one that most
// lead to and of which they are the greater part first, then what has them in its texts; behind it
// what only tells of the rest.
function rank(record, words) {
  const last = words.length - 1;
  const names = record.names.join(" ");
  const inNames = words.filter((word, at) => has(names, word, at === last)).length;
  const isFound = words.every(
    (word, at) => has(names, word, at === last) || has(record.words, word, at === last),
  );
  if (!words.length || !isFound) return null;
  const whole = words.join(" ");
  if (record.names.includes(whole)) return [0];
  const place = 1 + (record.distance || inNames < words.length);
  if (place > 1) return [place, -inNames];
  const before = IS_HAN.test(whole[0]) ? "" : " ";
  const sizes = record.names
    .filter((name) => (before + name).includes(before + whole))
    .map((name) => name.length);
  return [place, Number(!sizes.length), -record.degree, Math.min(...sizes)];
}

function compared(one, other) {
  const at = one.rank.findIndex((number, place) => number !== other.rank[place]);
  return at < 0 ? 0 : one.rank[at] - other.rank[at];
}

let loaded;

// The index, asked for once.
function load() {
  loaded ||= fetch(address).then(async (answer) => {
    const { simplified, records } = await answer.json();
    const letters = [...simplified];
    const pairs = letters.flatMap((letter, at) => (at % 2 ? [] : [[letter, letters[at + 1]]]));
    return { simplified: new Map(pairs), records };
  });
  return loaded;
}

function ranked(words, { records }) {
  const hits = records.map((record) => ({ record, rank: rank(record, words) }));
  // Sorting is stable: records that answer alike stay in the order of the index.
  return hits.filter((hit) => hit.rank).sort(compared).map((hit) => hit.record);
}

async function search(query) {
  const index = await load();
  // Said twice is asked once; the last goes on wherever it stood before.
  const words = wordsOf(query, index.simplified).filter((word, at, all) => !all.includes(word, at + 1));
  return { hits: ranked(words, index), words, index };
}

// How many letters are put in, left out, changed or swapped from one word to another.
function edits(word, other) {
  let before = [];
  let row = [...Array(other.length + 1).keys()];
  for (let at = 0; at < word.length; at += 1) {
    const next = [at + 1];
    for (let place = 0; place < other.length; place += 1) {
      const isSame = word[at] === other[place];
      const isSwapped = at && place && word[at] === other[place - 1] && word[at - 1] === other[place];
      const cost = Math.min(row[place] + !isSame, row[place + 1] + 1, next[place] + 1);
      next.push(isSwapped ? Math.min(cost, before[place - 1] + 1) : cost);
    }
    [before, row] = [row, next];
  }
  return row[other.length];
}

// The first of the most similar of some words, if any is similar enough.
function mostSimilar(word, others, most) {
  const similar = others.filter(
    (other) => other[0] === word[0] && Math.abs(other.length - word.length) <= most,
  );
  const distances = similar.map((other) => edits(word, other));
  const least = Math.min(...distances);
  return least <= most ? similar[distances.indexOf(least)] : null;
}

// Every word of the index: those of names first, then the more frequent ones, then by letters.
function vocabulary({ records }) {
  const known = new Map();
  for (const record of records) {
    const named = new Set(record.names.flatMap((name) => name.split(" ")));
    for (const word of new Set([...named, ...record.words.split(" ")])) {
      const { isNamed = false, number = 0 } = known.get(word) || {};
      known.set(word, { isNamed: isNamed || named.has(word), number: number + 1 });
    }
  }
  const order = ([one, its], [other, theirs]) =>
    theirs.isNamed - its.isNamed || theirs.number - its.number || (one < other ? -1 : 1);
  return [...known].sort(order).map(([word]) => word);
}

// A query that finds something, made from the words of one that does not, as the program makes it:
// a word that nothing has becomes one that stands beside the others in a name, or the most similar.
function spelledOtherwise(words, index) {
  const all = vocabulary(index);
  const called = (asked) => {
    const isNamed = (record) => asked.every((word) => has(record.names.join(" "), word, true));
    return ranked(asked, index).filter(isNamed);
  };
  const known = new Map();
  for (const word of words) {
    const sizes = IS_HAN.test(word) ? [...word].map((_, at) => word.length - at) : [word.length];
    const parts = sizes.map((size) => word.slice(0, size));
    const isIn = (part) => all.some((one) => (IS_HAN.test(part) ? one.includes(part) : one.startsWith(part)));
    const part = parts.find(isIn);
    if (part) known.set(word, part);
  }
  const unknown = words.filter((word) => !known.has(word)).sort((one, other) => other.length - one.length);
  for (const word of unknown) {
    const beside = called([...known.values()]).slice(0, MOST_SHOWN).flatMap((record) => record.names);
    const nearby = [...new Set(beside.flatMap((name) => name.split(" ")))];
    const most = word.length >= LONG_WORD ? MOST_EDITS : Number(word.length >= SHORT_WORD);
    const meant =
      mostSimilar(word, nearby, Math.min(MOST_EDITS, word.length - 1)) || mostSimilar(word, all, most);
    if (!meant) return null;
    known.set(word, meant);
  }
  const corrected = words.map((word) => known.get(word));
  if (!ranked(corrected, index).length) return null;
  const [first] = called(corrected);
  const titles = first ? [first.title, ...first.titles].join(" ") : "";
  const written = titles.match(WRITTEN_WORD) || [];
  const spelled = new Map(written.map((word) => [fold(word, index.simplified), word]));
  return corrected.map((word) => spelled.get(word) || word).join(" ");
}

// The title of the page, with what follows its heading.
function retitle(addition) {
  const heading = document.querySelector("h1").textContent;
  document.title = document.title.replace(heading, () => heading + addition);
}

// A sentence with a number, in the form that the page's language has for it.
function said(words, count) {
  const rules = new Intl.PluralRules(document.documentElement.lang);
  const like = [1, 2].find((number) => rules.select(number) === rules.select(count)) || 5;
  return words[`said-${like}`].replace(String(like), String(count));
}

// Where words stand in a text as it is shown: [start, end, the word asked for].
function* found(text, words, simplified) {
  const last = words[words.length - 1];
  for (const match of text.matchAll(WRITTEN_WORD)) {
    const folded = fold(match[0], simplified);
    if (!IS_HAN.test(match[0])) {
      const word = (folded.match(WORD) || [])
        .flatMap((part) => words.filter((one) => isFoundBy(part, one, one === last)))
        .find((one) => !IS_HAN.test(one));
      if (word) yield [match.index, match.index + match[0].length, word];
      continue;
    }
    const runs = words.filter((word) => IS_HAN.test(word)).sort((a, b) => b.length - a.length);
    for (let at = 0; at < folded.length && folded.length === match[0].length; ) {
      const run = runs.find((one) => folded.startsWith(one, at));
      if (run) yield [match.index + at, match.index + at + run.length, run];
      at += run ? run.length : 1;
    }
  }
}

// A text as nodes, what was found in it marked: text is never read as markup.
function marked(text, spans, start = 0, end = text.length) {
  const nodes = [];
  let at = start;
  for (const [from, to] of spans.filter((span) => span[0] >= start && span[1] <= end)) {
    const mark = document.createElement("mark");
    mark.textContent = text.slice(from, to);
    nodes.push(text.slice(at, from), mark);
    at = to;
  }
  nodes.push(text.slice(at, end));
  return nodes;
}

// The part of the text that has most of the words, or else what the record is in short.
function excerpt(record, words, simplified) {
  let best = { number: -1 };
  for (const told of record.texts) {
    const [text, lang] = Array.isArray(told) ? told : [told, ""];
    const spans = [...found(text, words, simplified)];
    const number = new Set(spans.map((span) => span[2])).size;
    if (number > best.number) best = { number, text, lang, spans };
  }
  if (best.number < Number(!record.hasGist)) return [];
  const { text, spans, lang } = best;
  const first = spans.length ? spans[0][0] : 0;
  const latest = Math.max(0, text.length - LONGEST_EXCERPT);
  let start = Math.max(0, Math.min(first - LONGEST_EXCERPT / 3, latest));
  let end = Math.min(text.length, start + LONGEST_EXCERPT);
  const space = text.indexOf(" ", start);
  if (start && space >= 0 && space < first) start = space + 1;
  const closing = text.lastIndexOf(" ", end - 1);
  if (end < text.length && closing >= (spans.length ? spans[0][1] : 0)) end = closing;
  const passage = document.createElement("p");
  passage.className = "excerpt";
  if (lang) passage.lang = lang;
  passage.append(start ? "…" : "", ...marked(text, spans, start, end), end < text.length ? "…" : "");
  return [passage];
}

function entry(record, words, simplified) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  item.className = "entry";
  link.className = "entry__title";
  link.href = record.href;
  if (record.lang) link.lang = record.lang;
  link.append(...marked(record.title, [...found(record.title, words, simplified)]));
  item.append(link, ...excerpt(record, words, simplified));
  return item;
}

// Other ways to ask where nothing was found: each a search of its own.
function offer(place, queries) {
  const template = place.querySelector("a");
  place.hidden = !queries.length;
  const links = queries.map((one) => {
    const link = template.cloneNode();
    link.textContent = one;
    link.search = new URLSearchParams({ q: one });
    return link;
  });
  template.replaceWith(...links.flatMap((link, at) => (at ? ["\u00a0· ", link] : [link])));
}

function showMissed(missed, words, index) {
  const otherwise = spelledOtherwise(words, index);
  const each = words.length > 1 ? words.filter((word) => ranked([word], index).length) : [];
  missed.hidden = false;
  offer(missed.querySelector("[data-otherwise]"), otherwise ? [otherwise] : []);
  offer(missed.querySelector("[data-each]"), each);
}

async function showSearch(lead) {
  document.querySelector("#find").value = asked;
  if (!query) return;
  retitle(lead.dataset.colon + query);
  const { hits, words, index } = await search(query);
  const text = hits.length ? lead.dataset.found : lead.dataset.none;
  lead.textContent = text.replace("{query}", () => query);
  document.querySelector("[data-lists]").hidden = hits.length > 0;
  if (!hits.length) showMissed(document.querySelector("[data-missed]"), words, index);
  const headings = new Set(hits.map((record) => record.group));
  const contents = document.querySelector("[data-contents]");
  contents.hidden = headings.size < 2;
  for (const heading of headings) {
    const section = document.querySelector(`[data-group="${heading}"]`);
    const group = hits.filter((record) => record.group === heading);
    const more = section.querySelector(".more");
    const listed = contents.querySelector(`[data-heading="${heading}"]`);
    for (const place of [section, listed]) {
      place.hidden = false;
      place.querySelector(".count").textContent = group.length;
      place.parentElement.append(place);
    }
    const shown = more ? group.slice(0, MOST_SHOWN) : group;
    const entries = shown.map((record) => entry(record, words, index.simplified));
    section.querySelector("ol").append(...entries);
    if (more && group.length > shown.length) {
      const link = more.firstElementChild;
      more.hidden = false;
      link.textContent = link.textContent.replace("{count}", String(group.length));
      link.search = new URLSearchParams({ q: query });
    }
  }
}

// What the address has of a facet, spelled as the list does whatever the case of its letters.
function valuesGiven(facet) {
  const known = [...facet.querySelectorAll("[data-value]")].map((offered) => offered.dataset.value);
  const asked = given.getAll(facet.dataset.facet).filter(Boolean);
  return asked.map((one) => known.find((value) => value.toLowerCase() === one.toLowerCase()) || one);
}

// A list: what is chosen stands in its address, each facet's values are "or", facets "and".
async function showNarrowed(list) {
  const facets = [...document.querySelectorAll("[data-facet]")];
  const entries = [...list.querySelectorAll("li[data-href]")];
  const sort = given.get("sort") || "";
  const chosen = new Map(
    facets.map((facet) => [facet.dataset.facet, new Set(valuesGiven(facet))]),
  );
  const isChosen = [...chosen.values()].some((values) => values.size);
  if (!entries.length || !(isChosen || query || sort)) return;
  const hits = query ? new Set((await search(query)).hits.map((record) => record.href)) : null;

  const valuesOf = (item, facet) => (item.getAttribute(`data-is-${facet}`) || "").split(" ");
  const hasAny = (item, facet) => valuesOf(item, facet).some((value) => chosen.get(facet).has(value));
  const answers = (item, but) =>
    (!hits || hits.has(item.dataset.href)) &&
    [...chosen].every(([facet, values]) => facet === but || !values.size || hasAny(item, facet));
  const inPart = (items, part) => items.filter((item) => item.dataset.part === part).length;

  // The address of the list with some of its parameters changed, in the program's order.
  function to(change) {
    const parameters = new URLSearchParams();
    for (const name of [...chosen.keys()].sort()) {
      const values = change.facet === name ? change.values : chosen.get(name);
      for (const value of [...values].sort()) parameters.append(name, value);
    }
    const others = { q: query, sort, ...change.others };
    for (const name of ["q", "sort"]) if (others[name]) parameters.append(name, others[name]);
    return `${location.pathname}${parameters.size ? "?" : ""}${parameters}`;
  }

  // The files hold the whole list.
  list.querySelector("[data-formats]").hidden = isChosen || Boolean(query);
  const shown = entries.filter((item) => answers(item));
  for (const item of entries) item.hidden = !shown.includes(item);
  for (const count of list.querySelectorAll("[data-count]")) {
    const number = inPart(shown, count.dataset.count);
    count.textContent = count.dataset["said-1"] ? said(count.dataset, number) : number;
    const section = count.closest("section");
    if (section) section.hidden = !number;
  }

  const names = [];
  const choices = list.querySelector("[data-chosen]").content.firstElementChild.cloneNode(true);
  const template = list.querySelector("[data-choice]");
  const signs = template.dataset;
  function addChoice(label, name, href) {
    const choice = template.content.firstElementChild.cloneNode(true);
    const [word, what, link] = choice.children;
    word.textContent = label;
    what.textContent = name;
    link.href = href;
    link.firstElementChild.textContent = signs.colon + name;
    choices.lastElementChild.before(choice);
  }

  for (const facet of facets) {
    const name = facet.dataset.facet;
    const taken = chosen.get(name);
    const others = entries.filter((item) => answers(item, name));
    for (const value of taken) {
      const offered = facet.querySelector(`[data-value="${CSS.escape(value)}"] a`);
      const without = { facet: name, values: [...taken].filter((one) => one !== value) };
      const called = offered ? offered.textContent : value;
      addChoice(facet.querySelector("h2").textContent, called, to(without));
      names.push(called);
    }
    for (const offered of facet.querySelectorAll("[data-value]")) {
      const { value } = offered.dataset;
      const left = others.filter((item) => valuesOf(item, name).includes(value) || hasAny(item, name));
      const adds = others.some((item) => valuesOf(item, name).includes(value) && !hasAny(item, name));
      offered.hidden = taken.has(value) || !adds;
      offered.firstElementChild.href = to({ facet: name, values: [...taken, value] });
      for (const count of offered.querySelectorAll("[data-part]")) {
        const [number, word] = count.children;
        const counted = inPart(left, count.dataset.part);
        number.textContent = counted || "–";
        number.setAttribute("aria-hidden", String(!counted));
        if (word) word.hidden = !counted;
      }
    }
    facet.querySelector(".facet__also").hidden = !taken.size;
    facet.hidden = ![...facet.querySelectorAll("[data-value]")].some((offered) => !offered.hidden);
  }
  if (query) {
    addChoice(signs.choice, query, to({ others: { q: "" } }));
    names.push(signs.before + query + signs.after);
  }
  if (names.length) {
    retitle(signs.colon + names.join(signs.comma));
    list.parentElement.before(choices);
  }
  const orders = list.querySelector(".orders");
  if (!shown.length) list.prepend(list.querySelector("[data-nothing]").content.cloneNode(true));
  if (orders) orders.hidden = !shown.length;
  for (const order of list.querySelectorAll("[data-sort]")) {
    const isCurrent = order.dataset.sort === sort;
    const other = document.createElement(isCurrent ? "span" : "a");
    other.textContent = order.textContent;
    if (isCurrent) other.setAttribute("aria-current", "true");
    else other.href = to({ others: { sort: order.dataset.sort } });
    order.replaceWith(other);
  }
  for (const items of sort ? list.querySelectorAll(".entries") : []) {
    const place = (item) => Number(item.getAttribute(`data-place-${sort}`));
    items.append(...[...items.children].sort((one, other) => place(one) - place(other)));
  }

  const form = document.querySelector(".facets__words");
  if (!form) return;
  form.elements.q.value = query;
  const kept = [...chosen].flatMap(([name, values]) => [...values].map((value) => [name, value]));
  for (const [name, value] of [...kept, ...(sort ? [["sort", sort]] : [])]) {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name, value });
    form.append(field);
  }
}

const lead = document.querySelector("[data-searched]");
const list = document.querySelector("[data-narrowed]");
if (lead) showSearch(lead);
if (list) showNarrowed(list);
