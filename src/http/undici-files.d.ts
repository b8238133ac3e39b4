// undici publishes these files without types of their own: the classes are those of its entry.

declare module "undici/lib/dispatcher/pool.js" {
  export { Pool as default } from "undici";
}

declare module "undici/lib/dispatcher/dispatcher.js" {
  export { Dispatcher as default } from "undici";
}

declare module "undici/lib/core/errors.js" {
  import { errors } from "undici";

  export default errors;
}
