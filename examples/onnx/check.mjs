// Runs an exported file in JavaScript and compares it with the rows that travel in it.
// node check.mjs MODEL.onnx   (npm install onnxruntime-web, or onnxruntime-node with `onnxruntime-node` as second argument)
import { readFileSync } from "node:fs";

const [path, library = "onnxruntime-web"] = process.argv.slice(2);
const { InferenceSession, Tensor } = await import(library);
const file = readFileSync(path);
const about = properties(file);
const { tolerance, rows, expected } = JSON.parse(about["artificer.verification"]);
const session = await InferenceSession.create(file);

// Each raw column is a tensor [n, 1]: of strings, or of doubles, in which null stands for NaN.
const feeds = {};
for (const { name, type } of JSON.parse(about["artificer.columns"])) {
  const values = rows[name];
  const shape = [values.length, 1];
  feeds[name] =
    type === "string"
      ? new Tensor("string", values, shape)
      : new Tensor("float64", Float64Array.from(values, (value) => value ?? NaN), shape);
}
const found = await session.run(feeds);

let worst = 0;
let wrong = 0;
let compared = 0;
for (const [name, wanted] of Object.entries(expected)) {
  const { data, type } = found[name];
  wanted.flat().forEach((value, at) => {
    compared += 1;
    if (type === "float64") {
      const far = Math.abs(data[at] - value) / Math.max(1, Math.abs(value));
      worst = Math.max(worst, far);
      if (!(far <= tolerance)) wrong += 1;
    } else if (String(data[at]) !== String(type === "bool" ? Number(value) : value)) wrong += 1;
  });
}
console.log(`${wrong} of ${compared} values differ; largest difference ${worst}`);
process.exitCode = wrong || !compared ? 1 : 0;

// What is written beside the graph: field 14 of an ONNX file, pairs of a key (1) and a value (2), as protobuf lays them out.
function properties(bytes) {
  const found = {};
  for (const [field, part] of fields(bytes)) {
    if (field !== 14) continue;
    const pair = Object.fromEntries(fields(part));
    found[pair[1].toString("utf8")] = (pair[2] ?? Buffer.alloc(0)).toString("utf8");
  }
  return found;
}

function* fields(bytes) {
  let at = 0;
  const number = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = number();
    const [field, wire] = [Math.floor(tag / 8), tag % 8];
    if (wire === 0) yield [field, number()];
    else if (wire === 2) {
      const length = number();
      yield [field, bytes.subarray(at, (at += length))];
    } else at += wire === 1 ? 8 : 4;
  }
}
