/* Numbers as people read them: three digits, and bytes with a prefix. */
const Numbers = (() => {
  "use strict";

  const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

  const trimmed = (value) => {
    if (value === 0) return "0";
    const digits = Math.abs(value) >= 1000 ? value.toFixed(0) : value.toPrecision(3);
    return Number(digits).toLocaleString("en-US", { maximumFractionDigits: 6 });
  };

  const bytes = (value) => {
    let scaled = value;
    let unit = 0;
    while (Math.abs(scaled) >= 999.5 && unit < UNITS.length - 1) {
      scaled /= 1000;
      unit += 1;
    }
    return `${trimmed(scaled)} ${UNITS[unit]}`;
  };

  return { trimmed, bytes };
})();
