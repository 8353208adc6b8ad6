// The sum of the rubric's chosen items, beside its title; grading works without it.

document.querySelectorAll("[data-sum-place]").forEach((place) => {
  const rubric = place.closest("fieldset");

  function show() {
    const chosen = rubric.querySelectorAll("[data-points]:checked");
    const tenths = [...chosen].reduce((sum, item) => sum + Number(item.dataset.points), 0);
    const most = Number(place.dataset.max);
    place.querySelector("[data-sum]").value = Math.min(Math.max(tenths, 0), most) / 10;
  }

  place.hidden = false;
  rubric.addEventListener("change", show);
  show();
});
