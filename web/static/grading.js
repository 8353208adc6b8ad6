// Keys, the rubric's sum and a longer hold for the page that grades an answer, which works without.

const place = document.querySelector("[data-grading]");
const form = place.querySelector("[data-grade-form]");
const comment = form.elements.comment;
const KEYS_OFF = "grading-keys-off";
const HOLD_SECONDS = 90;

function showSum() {
  const chosen = form.querySelectorAll("[data-points]:checked");
  const tenths = [...chosen].reduce((sum, item) => sum + Number(item.dataset.points), 0);
  form.querySelector("[data-sum]").value = tenths / 10;
}

if (form.querySelector("[data-sum]")) {
  form.querySelector("[data-sum-place]").hidden = false;
  form.addEventListener("change", showSum);
  showSum();
}

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

// By the key's place, since Shift and a number is another sign on each keyboard.
function press(event) {
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
  if (digit && event.shiftKey) return form.querySelectorAll("[data-insert]")[digit[1] - 1];
  if (digit) return form.querySelectorAll("[data-points]")[digit[1] - 1];
  if (event.key === "n") return place.querySelector("[data-skip]");
  return null;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit(form.querySelector("[data-save-next]"));
    return;
  }
  if (event.key === "Escape" && typing(event.target)) event.target.blur();
  if (!keysOn.checked || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const button = press(event);
  if (!button && event.key !== "c") return;
  event.preventDefault();
  if (button) button.click();
  else comment.focus();
});

// Whoever has the page open and in sight goes on holding the answer.
window.setInterval(() => {
  if (document.hidden) return;
  const body = new URLSearchParams({ csrf_token: form.elements.csrf_token.value });
  fetch(place.dataset.hold, { method: "POST", body, redirect: "manual" }).catch(() => {
    // The network is away for a moment; the next try may reach it.
  });
}, 1000 * HOLD_SECONDS);
