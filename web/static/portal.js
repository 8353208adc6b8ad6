// Live progress, a place to drop a file and other help. Every page works without this module.

const FINISHED = "finished";

function watchProgress(card) {
  const text = card.querySelector("[data-progress-text]");
  const bar = card.querySelector("[data-progress-bar]");
  const title = document.title;
  const notify = offerNotification(card.querySelector("[data-notify]"));

  function show(status) {
    if (status.text !== text.textContent) text.textContent = status.text;
    bar.value = status.part;
    document.title = `${Math.round(100 * status.part)} % · ${title}`;
    if (status.done) finish(status);
    return status.done;
  }

  function finish(status) {
    notify(status.text, title);
    sessionStorage.setItem(FINISHED, window.location.pathname);
    // Not `reload`, which ends by scrolling back to where the page was, whatever was clicked since.
    window.location.replace(window.location.pathname + window.location.search);
  }

  // Where no stream can be had, the browser asks again, more and more slowly.
  async function ask(wait) {
    try {
      const answer = await fetch(card.dataset.status, { headers: { Accept: "application/json" } });
      if (answer.ok && show(await answer.json())) return;
    } catch {
      // The network is away for a moment; the next question may be answered.
    }
    window.setTimeout(() => ask(Math.min(wait * 1.3, 10000)), wait);
  }

  const stream = new EventSource(card.dataset.progress);
  stream.onmessage = (event) => {
    if (show(JSON.parse(event.data))) stream.close();
  };
  stream.onerror = () => {
    if (stream.readyState === EventSource.CLOSED) ask(1000);
  };
}

// Asks for permission when the button is pressed, never by itself; returns what notifies.
function offerNotification(button) {
  let wanted = false;
  const possible = "Notification" in window && window.isSecureContext;
  if (!possible || Notification.permission === "denied") return () => {};
  button.hidden = false;
  button.addEventListener("click", async () => {
    wanted = (await Notification.requestPermission()) === "granted";
    button.textContent = wanted ? "You will be notified" : "Your browser blocks notifications";
    button.disabled = true;
  });
  return (text, title) => {
    // Whoever looks at the page sees it there.
    if (!wanted || !document.hidden) return;
    try {
      new Notification(text, { body: title, tag: window.location.pathname });
    } catch {
      // Some phones have the interface, but show none without a service worker.
    }
  };
}

// What has just been graded under its reader's eyes is read out, and read on from there.
function focusResult() {
  if (sessionStorage.getItem(FINISHED) !== window.location.pathname) return;
  sessionStorage.removeItem(FINISHED);
  document.querySelector("[data-finished]")?.focus({ preventScroll: true });
}

function acceptDrops(place) {
  const input = place.querySelector("input[type=file]");
  place.querySelector("[data-drop-hint]").hidden = false;
  const over = (event) => {
    event.preventDefault();
    place.classList.toggle("over", event.type === "dragover");
  };
  place.addEventListener("dragover", over);
  place.addEventListener("dragleave", over);
  place.addEventListener("drop", (event) => {
    over(event);
    // Several files at once are left alone: nobody knows which one is meant.
    if (event.dataTransfer.files.length === 1) {
      input.files = event.dataTransfer.files;
      place.querySelector("[data-drop-hint]").textContent = `${input.files[0].name} is chosen`;
    }
  });
}

document.querySelectorAll("[data-progress]").forEach(watchProgress);
focusResult();
document.querySelectorAll("[data-drop]").forEach(acceptDrops);

// Parts of a page that renew themselves until they come without the attribute; filters stand in
// the address, so they stay. A part that has the focus, or in which something is ticked, waits.
function renew(part) {
  window.setTimeout(async () => {
    try {
      const answer = await fetch(window.location.href);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById(part.id);
      const used = part.contains(document.activeElement) || part.querySelector("input:checked");
      if (answer.ok && fresh && !used) {
        part.replaceWith(fresh);
        part = fresh;
      }
    } catch {
      // The network is away for a moment; the next renewal may work.
    }
    if (part.dataset.refresh) renew(part);
  }, 1000 * Number(part.dataset.refresh));
}

document.querySelectorAll("[data-refresh]").forEach(renew);

// Browsers let a page copy only where the connection is secure.
document.querySelectorAll("[data-copy]").forEach((button) => {
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = "Copied";
    } catch {
      field.select();
    }
  });
});

// The tab of this page is in sight on a phone, too.
document.querySelectorAll(".tabs [aria-current], .subtabs [aria-current]").forEach((tab) => {
  const row = tab.closest(".bar-tabs, .subtabs");
  row.scrollLeft = Math.max(0, tab.offsetLeft + tab.offsetWidth - row.clientWidth + 40);
});

// Menus are details elements; a click elsewhere and Escape close them.
const menus = document.querySelectorAll("details.menu");
document.addEventListener("click", (event) => {
  menus.forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  menus.forEach((menu) => {
    if (!menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
});
