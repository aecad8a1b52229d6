import { expect, it } from "vitest";
import { initials } from "./initials";

it("makes two letters of any name", () => {
  expect(["Ada Lovelace", "owner", "", "é", "Ana María de la Cruz", "shop-sync"].map(initials)).toEqual(["AL", "OW", "", "É", "AC", "SS"]);
});
