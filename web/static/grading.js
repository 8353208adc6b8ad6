// Keys and a longer hold for the page that grades an answer, which works without.

const place = document.querySelector("[data-grading]");
const form = place.querySelector("[data-grade-form]");
const comment = form.elements.comment;
const KEYS_OFF = "grading-keys-off";
const HOLD_SECONDS = 90;

function insert(button) {
  const start = comment.value.trimEnd();
  comment.value = start ? `${start}\n\n${button.dataset.insert}` : button.dataset.insert;
  comment.focus();
}

form.addEventListener("click", (event) => {
  const button = event.target.closest("[data-insert]");
  if (!button) return;
  event.preventDefault();
  insert(button);
});

// Keys with one character can be switched off, and do nothing while somebody types.
const keysOn = place.querySelector("[data-keys-on]");
place.querySelector("[data-keys]").hidden = false;
keysOn.checked = localStorage.getItem(KEYS_OFF) === null;
keysOn.addEventListener("change", () => {
  if (keysOn.checked) localStorage.removeItem(KEYS_OFF);
  else localStorage.setItem(KEYS_OFF, "1");
});

function typing(target) {
  return target.matches("textarea, select, input:not([type=checkbox])");
}

// Enter is the key of a link or button that has the focus, and that of the form if none has.
function pressable(target) {
  return target.matches("a, button, summary");
}

function save() {
  form.requestSubmit(form.querySelector("[data-save-next]"));
}

// What was chosen counts instead of a zero that a key has put in.
function chooseItem(number) {
  const item = form.querySelectorAll("[data-points]")[number];
  if (item && form.elements.points.value === "0") form.elements.points.value = "";
  return item;
}

// By the key's place, since Shift and a number is another sign on each keyboard.
function press(event) {
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
  if (digit && event.shiftKey) return form.querySelectorAll("[data-insert]")[digit[1] - 1];
  if (digit) return chooseItem(digit[1] - 1);
  if (event.key === "n") return place.querySelector("[data-skip]");
  return null;
}

// No points at all: nothing of the rubric, and a zero that says so.
function giveNothing() {
  form.querySelectorAll("[data-points]:checked").forEach((item) => item.click());
  form.elements.points.value = "0";
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    save();
    return;
  }
  if (event.key === "Escape" && typing(event.target)) event.target.blur();
  if (!keysOn.checked || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (event.key === "Enter" && !event.shiftKey && !pressable(event.target)) {
    event.preventDefault();
    save();
    return;
  }
  if (/^(?:Digit|Numpad)0$/.test(event.code) && !event.shiftKey) {
    event.preventDefault();
    giveNothing();
    return;
  }
  const button = press(event);
  if (!button && event.key !== "c") return;
  event.preventDefault();
  if (button) button.click();
  else comment.focus();
});

// Who has read the question folds it once, and it stays so for the answers that come.
const prompt = place.querySelector("[data-prompt]");
if (prompt) {
  const key = `grading-prompt-folded ${prompt.dataset.prompt}`;
  prompt.open = sessionStorage.getItem(key) === null;
  prompt.addEventListener("toggle", () => {
    if (prompt.open) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, "1");
  });
}

// Whoever has the page open and in sight goes on holding the answer.
window.setInterval(() => {
  if (document.hidden) return;
  const body = new URLSearchParams({ csrf_token: form.elements.csrf_token.value });
  fetch(place.dataset.hold, { method: "POST", body, redirect: "manual" }).catch(() => {
    // The network is away for a moment; the next try may reach it.
  });
}, 1000 * HOLD_SECONDS);
