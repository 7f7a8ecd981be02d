// The types of TypeScript, which the build removes. Each becomes spaces, so that lines and
// columns stay those of the source. Types are not checked.
//
// Syntax that is more than a type, such as an enum, is refused: the build would have to make
// up its code.
import { parseSync } from "rolldown/utils";

import { Fault, placeIn } from "./fault.mjs";

/** Returns true for a file in TypeScript. */
export const isTyped = (path) => /\.m?ts$/.test(path);

/** Syntax that stands for code, with what to write in its place. */
const CODE = {
  Decorator: ["a decorator is no JavaScript yet", "call the function"],
  TSEnumDeclaration: ["an enum is code, and the build removes types alone", "write `const X = { A: 0 } as const`"],
  TSExportAssignment: ["`export =` is no JavaScript", "write `export default`"],
  TSImportEqualsDeclaration: ["`import =` is no JavaScript", "write `import x from`"],
  TSModuleDeclaration: ["a namespace is code, and the build removes types alone", "write a module of its own"],
  TSNamespaceExportDeclaration: ["`export as namespace` is no JavaScript", "leave it out"],
  TSParameterProperty: [
    "a property among the parameters is code, and the build removes types alone",
    "declare the property in the class, and set it in the constructor",
  ],
  TSTypeAssertion: ["`<Type>value` cannot be removed", "write `value as Type`"],
};

/** Statements and members of a class without code. */
const NO_CODE = new Set([
  "TSAbstractAccessorProperty",
  "TSAbstractMethodDefinition",
  "TSAbstractPropertyDefinition",
  "TSDeclareFunction",
  "TSIndexSignature",
  "TSInterfaceDeclaration",
  "TSTypeAliasDeclaration",
]);

/** Properties of a node that are types. */
const TYPES = new Set(["typeAnnotation", "returnType", "typeParameters", "typeArguments", "superTypeArguments"]);

/** Nodes of a value with its type behind it. */
const OF_VALUE = new Set(["TSAsExpression", "TSNonNullExpression", "TSSatisfiesExpression"]);

/** Nodes that may end without a semicolon of their own. */
const UNENDED = new Set([
  "AccessorProperty",
  "ExportDefaultDeclaration",
  "ExpressionStatement",
  "PropertyDefinition",
  "ReturnStatement",
  "ThrowStatement",
  "VariableDeclaration",
]);

const MODIFIER = /\b(public|private|protected|readonly|override)\b/g;

/** A comma behind an element. */
const COMMA = /\s*,/y;

/** Returns `{ code, names }`: the text without types, and the names of exported types. */
export function withoutTypes(path, text) {
  const { program, module, comments, errors } = parseSync(path, text, { lang: "ts", sourceType: "module" });
  const [error] = errors;
  if (error) {
    const [label] = error.labels;
    const place = placeIn(path, text, label?.start ?? 0, label?.end ?? 0);
    throw new Fault(error.message, { place, help: error.helpMessage });
  }
  const removal = new Removal(path, text, comments);
  removal.visitAll(program);
  const exported = module.staticExports.flatMap(({ entries }) => entries);
  const names = exported.filter(({ isType }) => isType).map(({ exportName }) => exportName.name);
  return { code: removal.code(), names: new Set(names) };
}

const spaces = (text) => text.replace(/[^\n\r\u2028\u2029]/g, " ");

/** Returns a text with spaces in the place of its comments. */
function withoutComments(text, comments) {
  const parts = [];
  let at = 0;
  for (const { start, end } of comments) {
    parts.push(text.slice(at, start), spaces(text.slice(start, end)));
    at = end;
  }
  return parts.join("") + text.slice(at);
}

/** The removal of the types of one file. */
class Removal {
  edits = [];
  /** The ends of statements that end without a semicolon. */
  unended = new Set();
  /** The text without its comments, in which words and marks are searched. */
  bare;

  constructor(path, text, comments) {
    this.path = path;
    this.text = text;
    this.bare = withoutComments(text, comments);
  }

  code() {
    const { edits, text } = this;
    edits.sort((a, b) => a.start - b.start);
    const parts = [];
    let at = 0;
    for (const { start, end, by } of edits) {
      parts.push(text.slice(at, start), by);
      at = end;
    }
    return parts.join("") + text.slice(at);
  }

  /** Visits the nodes, each before those below it. A recursion would end in long expressions. */
  visitAll(program) {
    const left = [[program, null]];
    while (left.length > 0) {
      // The first of them is the next.
      for (const each of this.#visit(...left.pop()).reverse()) left.push(each);
    }
  }

  /** Visits a node. Returns the nodes below it that are to be visited, each with this one. */
  #visit(node, parent) {
    const below = [];
    if (isNoCode(node)) {
      this.#erase(node);
      return below;
    }
    if (CODE[node.type]) {
      const [message, help] = CODE[node.type];
      throw new Fault(message, { place: placeIn(this.path, this.text, node.start, node.end), help });
    }
    const isInHead = node.type === "VariableDeclaration" && parent.type.startsWith("For");
    if (UNENDED.has(node.type) && !isInHead && this.text[node.end - 1] !== ";") this.unended.add(node.end);
    this.#visitOwn(node);
    for (const [key, value] of Object.entries(node)) {
      if (key === "implements" || !value || typeof value !== "object") continue;
      if (TYPES.has(key)) {
        if (!OF_VALUE.has(node.type) && !isMoved(node, key, this.text)) this.#blank(value.start, value.end);
        continue;
      }
      for (const child of Array.isArray(value) ? value : [value]) {
        if (typeof child?.type === "string" && !isRemoved(node, child)) below.push([child, node]);
      }
    }
    return below;
  }

  /** Removes what a node has besides its types. */
  #visitOwn(node) {
    const { bare } = this;
    if (OF_VALUE.has(node.type)) return this.#blank(node.expression.end, node.end);
    switch (node.type) {
      case "ImportDeclaration":
      case "ExportNamedDeclaration":
        for (const child of node.specifiers.filter((child) => isRemoved(node, child))) this.#blankElement(child);
        return;
      case "ClassDeclaration":
      case "ClassExpression":
        if (node.abstract) this.#blankWord("abstract", bare.indexOf("abstract", node.start));
        if (node.implements?.length) {
          const start = bare.lastIndexOf("implements", node.implements[0].start);
          this.#blank(start, node.implements.at(-1).end);
        }
        return;
      case "AccessorProperty":
      case "MethodDefinition":
      case "PropertyDefinition":
        return this.#visitMember(node);
      case "VariableDeclarator":
        if (node.definite) this.#blankLast("!", node.id.typeAnnotation.start);
        return;
      case "ArrowFunctionExpression":
        this.#moveBrackets(node);
    }
    // Functions: `this` is a type among the parameters.
    const [first] = node.params ?? [];
    if (isThis(first)) this.#blankElement(first);
    if (node.optional && /^(Identifier|\w+Pattern)$/.test(node.type)) {
      this.#blankLast("?", node.typeAnnotation?.start ?? node.end);
    }
  }

  #visitMember(node) {
    const { key, start, value, typeAnnotation, end } = node;
    for (const { 0: word, index } of this.bare.slice(start, key.start).matchAll(MODIFIER)) {
      // Without the word, the member could go on with the line before it.
      if (index === 0) this.edits.push({ start, end: start + word.length, by: `;${spaces(word.slice(1))}` });
      else this.#blankWord(word, start + index);
    }
    const mark = node.optional ? "?" : node.definite ? "!" : null;
    if (mark) this.#blankWord(mark, this.bare.indexOf(mark, key.end), typeAnnotation?.start ?? value?.start ?? end);
  }

  /** An arrow function allows no new line before its arrow, nor between `async` and `(`. */
  #moveBrackets(node) {
    const { typeParameters, returnType } = node;
    if (isMoved(node, "returnType", this.text)) {
      const close = this.bare.lastIndexOf(")", returnType.start);
      this.#blank(close, close + 1);
      const type = this.text.slice(returnType.start, returnType.end);
      this.edits.push({ start: returnType.start, end: returnType.end, by: `${spaces(type.slice(0, -1))})` });
    }
    if (isMoved(node, "typeParameters", this.text)) {
      const open = this.bare.indexOf("(", typeParameters.end);
      const type = this.text.slice(typeParameters.start, typeParameters.end);
      this.edits.push({ start: typeParameters.start, end: typeParameters.end, by: `(${spaces(type.slice(1))}` });
      this.#blank(open, open + 1);
    }
  }

  /** Removes a statement or a member. The next line must not go on with the one before. */
  #erase({ start, end }) {
    this.edits.push({ start, end, by: `;${spaces(this.text.slice(start + 1, end))}` });
  }

  #blank(start, end) {
    const by = spaces(this.text.slice(start, end));
    this.edits.push({ start, end, by: this.unended.has(end) ? `;${by.slice(1)}` : by });
  }

  #blankWord(word, start, before = Infinity) {
    if (start >= 0 && start < before) this.#blank(start, start + word.length);
  }

  /** Removes the last occurrence of a character before a place. */
  #blankLast(mark, before) {
    this.#blankWord(mark, this.bare.lastIndexOf(mark, before - 1));
  }

  /** Removes an element of a list, with the comma behind it. */
  #blankElement({ start, end }) {
    COMMA.lastIndex = end;
    const [comma = ""] = COMMA.exec(this.bare) ?? [];
    this.#blank(start, end + comma.length);
  }
}

/** Returns true for a statement or member without code. */
function isNoCode(node) {
  if (NO_CODE.has(node.type) || node.declare === true) return true;
  switch (node.type) {
    case "ImportDeclaration":
      return node.importKind === "type";
    case "ExportAllDeclaration":
      return node.exportKind === "type";
    case "ExportNamedDeclaration":
      return node.exportKind === "type" || (node.declaration !== null && isNoCode(node.declaration));
    case "ExportDefaultDeclaration":
      return isNoCode(node.declaration);
    case "MethodDefinition":
      return node.value.type === "TSEmptyBodyFunctionExpression";
    default:
      return false;
  }
}

const isThis = (parameter) => parameter?.type === "Identifier" && parameter.name === "this";

/** Returns true for an element that is removed with its comma. */
function isRemoved(node, child) {
  if (node.params?.[0] === child) return isThis(child);
  return /Specifier$/.test(child.type) && (child.importKind ?? child.exportKind) === "type";
}

/** Returns true for a type of several lines in an arrow function, which takes a bracket's place. */
function isMoved(node, key, text) {
  const type = node[key];
  if (node.type !== "ArrowFunctionExpression" || !["returnType", "typeParameters"].includes(key) || !type) return false;
  return /[\n\r\u2028\u2029]/.test(text.slice(type.start, type.end));
}
