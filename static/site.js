// Enhances what works without it.
"use strict";

const SHOWN_FOR = 2500; // How many milliseconds a button says that it has copied.

// A combobox with a list of links (ARIA Authoring Practices, "Combobox with listbox popup").
function suggest(form) {
  const field = form.querySelector("input[type=search]");
  const list = document.createElement("ul");
  list.id = "suggestions";
  list.className = "suggestions";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", field.placeholder);
  form.append(list);
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", list.id);
  field.setAttribute("aria-expanded", "false");
  let asked = "";
  let waiting = 0;
  let current = -1;

  function close() {
    clearTimeout(waiting);
    asked = "";
    list.hidden = true;
    field.setAttribute("aria-expanded", "false");
    choose(-1);
  }

  function choose(at) {
    current = at;
    field.removeAttribute("aria-activedescendant");
    for (const [number, option] of [...list.children].entries()) {
      option.setAttribute("aria-selected", String(number === at));
      if (number === at) {
        field.setAttribute("aria-activedescendant", option.id);
        option.scrollIntoView({ block: "nearest" });
      }
    }
  }

  function open(option) {
    close();
    location.assign(option.dataset.href);
  }

  function show([query, titles, kinds, addresses]) {
    if (query !== asked) return; // More was typed since, or the list was closed.
    if (!titles.length || document.activeElement !== field) return close();
    list.replaceChildren(
      ...titles.map((title, number) => {
        const option = document.createElement("li");
        const kind = document.createElement("span");
        option.id = `suggestion-${number}`;
        option.setAttribute("role", "option");
        option.dataset.href = addresses[number];
        kind.className = "meta";
        kind.textContent = ` ${kinds[number]}`;
        option.append(title, kind);
        return option;
      }),
    );
    choose(-1);
    list.hidden = false;
    field.setAttribute("aria-expanded", "true");
  }

  async function ask() {
    asked = field.value.trim().replace(/\s+/g, " ");
    if (!asked) return close();
    try {
      const answer = await fetch(`${form.dataset.suggestions}?q=${encodeURIComponent(asked)}`);
      if (answer.ok) show(await answer.json());
    } catch {
      close(); // The form works without suggestions.
    }
  }

  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 120);
  });
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return; // The keys belong to the input method.
    const last = list.children.length - 1;
    if (event.key === "Escape" && !list.hidden) {
      close();
      event.preventDefault();
    } else if (event.key === "Enter" && current >= 0) {
      open(list.children[current]);
      event.preventDefault();
    } else if (!list.hidden && event.key === "ArrowDown") {
      choose(current < last ? current + 1 : -1);
      event.preventDefault();
    } else if (!list.hidden && event.key === "ArrowUp") {
      choose(current < 0 ? last : current - 1);
      event.preventDefault();
    }
  });
  field.addEventListener("blur", close);
  // Before the field loses its focus and the list closes.
  list.addEventListener("mousedown", (event) => {
    const option = event.target.closest("[role=option]");
    if (option && event.button === 0) open(option);
    event.preventDefault();
  });
}

// The breadcrumb's list becomes the narrowed list that the reader came from.
function leadBack() {
  const link = document.querySelector("[data-list]");
  const [address, query] = document.referrer.split("?");
  if (query && address === link?.href) link.href = document.referrer;
}

// One line at most, for who comes from elsewhere: the page in the first of the reader's languages.
function offerLanguage() {
  if (document.referrer.startsWith(location.origin)) return;
  const lines = [...document.querySelectorAll(".offer")];
  const spoken = (tag) => tag.split("-")[0];
  for (const wanted of navigator.languages) {
    const found = [document.documentElement, ...lines].find((one) => spoken(one.lang) === spoken(wanted));
    if (found) {
      found.hidden = false;
      break;
    }
  }
  for (const line of lines) line.lastElementChild.addEventListener("click", () => line.remove());
}

// What can be copied gets a button, and the system's share sheet one where there is one.
function offerCopies(controls) {
  const words = controls.dataset;
  function button(text, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "copy";
    made.textContent = text;
    made.addEventListener("click", act);
    return made;
  }
  // Browsers offer the clipboard to safe addresses only.
  for (const place of navigator.clipboard ? controls.querySelectorAll("[data-copy]") : []) {
    const name = place.previousElementSibling.textContent;
    // A copy has plain spaces only; where it is pasted into a letter, its italics stay.
    const text = place.textContent.replace(/\s+/g, " ");
    const markup = new XMLSerializer().serializeToString(place).replaceAll("cite>", "i>");
    const form = (said, type) => ({ [type]: new Blob([said], { type }) });
    const forms = { ...form(text, "text/plain"), ...form(markup, "text/html") };
    const made = button(words.copy, async () => {
      await (place.querySelector("cite") && window.ClipboardItem
        ? navigator.clipboard.write([new ClipboardItem(forms)])
        : navigator.clipboard.writeText(text));
      say(words.copied, "polite");
      setTimeout(say, SHOWN_FOR, words.copy, "off");
    });
    const say = (word, live) => {
      made.ariaLive = live;
      made.textContent = word;
      made.ariaLabel = `${word}: ${name}`;
    };
    say(words.copy, "polite");
    place.append(made);
  }
  if (navigator.share) {
    const share = () => navigator.share({ title: document.title, url: words.address }).catch(() => {});
    controls.querySelector(".run").prepend(button(words.share, share));
  }
  // The code is fetched when it is asked for, and shown in place.
  const show = (event) => {
    const picture = document.createElement("img");
    picture.src = event.target.href;
    picture.alt = `${event.target.textContent}: ${words.address}`;
    picture.width = picture.height = 240;
    event.target.closest(".run").after(picture);
    event.preventDefault();
  };
  controls.querySelector("[data-picture]").addEventListener("click", show, { once: true });
}

document.querySelectorAll("form[data-suggestions]").forEach(suggest);
leadBack();
document.querySelectorAll(".controls").forEach(offerCopies);
offerLanguage();
