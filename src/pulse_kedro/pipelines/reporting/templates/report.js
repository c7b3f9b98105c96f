(() => {
  "use strict";
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const pictures = read("pictures");
  const themes = read("themes");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const config = { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: false, showTips: false };
  const places = [...document.querySelectorAll("[data-picture]")].filter((place) => pictures[place.dataset.picture]);

  // A trace names in `meta` which of its colours belong to which role: {"line.color": "ink"}.
  const paint = (trace, theme) => {
    for (const [path, role] of Object.entries(trace.meta || {})) {
      const keys = path.split(".");
      const last = keys.pop();
      const target = keys.reduce((part, key) => (part[key] ??= {}), trace);
      target[last] = Array.isArray(role) ? role.map((one) => theme[one]) : theme[role];
    }
    return trace;
  };

  const dress = (layout, theme, place) => {
    const isSmall = place.classList.contains("small");
    layout.font.color = theme.ink;
    layout.hoverlabel = { ...layout.hoverlabel, bgcolor: theme.panel, bordercolor: theme.line, font: { size: 12, color: theme.ink } };
    for (const axis of [layout.xaxis, layout.yaxis]) {
      Object.assign(axis, { gridcolor: theme.grid, linecolor: theme.grid, zerolinecolor: theme.muted, tickcolor: theme.grid });
      axis.tickfont = { size: isSmall ? 10 : 11, color: theme.muted };
      if (axis.title) axis.title.font = { size: 12, color: theme.muted };
    }
    layout.legend.y = -0.18;
    layout.margin = isSmall ? { l: 40, r: 8, t: 6, b: 22 } : { l: 52, r: 14, t: 10, b: 40 };
    if (isSmall) layout.yaxis.nticks = 4;
    if (place.clientWidth < 480) layout.xaxis.nticks = 5;
    return layout;
  };

  // The drawing library takes a second to start: words are shown first, then it runs.
  const start = () => {
    if (globalThis.Plotly) return;
    const script = document.createElement("script");
    script.textContent = document.getElementById("library").textContent;
    document.head.append(script);
  };

  const theme = () => (dark.matches ? "dark" : "light");

  const draw = (place, name, paper = {}) => {
    const picture = structuredClone(pictures[place.dataset.picture]);
    const traces = picture.data.map((trace) => paint(trace, themes[name]));
    const layout = { ...dress(picture.layout, themes[name], place), ...paper };
    if (place.closest(".card, #decision")) layout.showlegend = false;
    if (paper.width < 200) layout.xaxis.nticks = 3;
    Plotly.react(place, traces, layout, config);
  };

  // Pictures are drawn one after another, those on the screen before the others.
  let waiting = [];
  const isSeen = (place) => {
    const box = place.getBoundingClientRect();
    return box.bottom > 0 && box.top < innerHeight;
  };
  const drawNext = () => {
    const place = waiting.find(isSeen) ?? waiting[0];
    if (!place) {
      document.documentElement.dataset.drawn = theme();
      return;
    }
    waiting = waiting.filter((one) => one !== place);
    start();
    draw(place, theme());
    setTimeout(drawNext);
  };
  const show = () => {
    const isIdle = waiting.length === 0;
    waiting = [...places];
    if (isIdle) setTimeout(drawNext, 50);
  };

  // The page gets its printed shape only after this event, so sizes are given: pixels, of which A4 has 688 in a line.
  const paperOf = (place) => {
    if (place.closest(".grid")) return { width: 190, height: 140 };
    if (place.closest("#decision")) return { width: 320, height: 170 };
    return place.closest(".pair") ? { width: 320, height: 290 } : { width: 640, height: 270 };
  };
  const folded = () => [...document.querySelectorAll("details:not([open])")];
  let opened = [];
  show();
  dark.addEventListener("change", show);
  addEventListener("beforeprint", () => {
    start();
    opened = folded();
    for (const part of opened) part.open = true;
    for (const place of places) draw(place, "light", paperOf(place));
  });
  addEventListener("afterprint", () => {
    for (const part of opened) part.open = false;
    show();
  });
})();
