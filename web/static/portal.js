// Live progress and a place to drop a file. Every page works without this module.

function watchProgress(card) {
  const text = card.querySelector("[data-progress-text]");
  const bar = card.querySelector("[data-progress-bar]");

  function show(status) {
    if (status.text !== text.textContent) text.textContent = status.text;
    bar.value = status.part;
    // Not `reload`, which ends by scrolling back to where the page was, whatever was clicked since.
    if (status.done) window.location.replace(window.location.pathname + window.location.search);
    return status.done;
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

// The tab of this page is in sight on a phone, too.
document.querySelectorAll(".tabs [aria-current], .subtabs [aria-current]").forEach((tab) => {
  const row = tab.closest("nav, ul");
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
