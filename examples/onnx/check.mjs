// Runs an exported file in JavaScript and compares it with the rows that the export wrote.
// node check.mjs MODEL.onnx ROWS.json   (npm install onnxruntime-node)
import { readFileSync } from "node:fs";
import { InferenceSession, Tensor } from "onnxruntime-node";

const [model, sidecar] = process.argv.slice(2);
const { tolerance, rows, expected } = JSON.parse(readFileSync(sidecar, "utf8"));
const session = await InferenceSession.create(model);

// A column of strings is given as strings, any other as doubles, in which null stands for NaN.
const feeds = {};
for (const [name, values] of Object.entries(rows)) {
  const strings = values.some((value) => typeof value === "string");
  const data = strings ? values : Float64Array.from(values, (value) => value ?? NaN);
  feeds[name] = new Tensor(strings ? "string" : "float64", data, [values.length, 1]);
}
const found = await session.run(feeds);

let worst = 0;
let wrong = 0;
for (const [name, wanted] of Object.entries(expected)) {
  const got = found[name].data;
  wanted.flat().forEach((value, at) => {
    if (found[name].type === "float64") {
      const far = Math.abs(got[at] - value) / Math.max(1, Math.abs(value));
      worst = Math.max(worst, far);
      if (!(far <= tolerance)) wrong += 1;
    } else if (String(got[at]) !== String(Number(value)) && String(got[at]) !== String(value)) wrong += 1;
  });
}
console.log(`${wrong} of ${Object.keys(expected).length} outputs' values differ; largest difference ${worst}`);
process.exit(wrong ? 1 : 0);
