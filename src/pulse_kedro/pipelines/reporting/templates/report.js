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

  const draw = (name, width) => {
    const theme = themes[name];
    for (const place of places) {
      const picture = structuredClone(pictures[place.dataset.picture]);
      const traces = picture.data.map((trace) => paint(trace, theme));
      const layout = dress(picture.layout, theme, place);
      if (place.closest(".card")) layout.showlegend = false;
      if (width) layout.width = Math.min(place.clientWidth, place.classList.contains("wide") ? width : width / 2 - 24);
      Plotly.react(place, traces, layout, config);
    }
  };

  const show = () => draw(dark.matches ? "dark" : "light");
  show();
  dark.addEventListener("change", show);
  addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((part) => (part.open = true));
    draw("light", 660);
  });
  addEventListener("afterprint", show);
})();
