/** Whichever window asks, a workspace's chats lie in one folder. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sharedPath } from "../../../src/extension/workspace-storage";

for (const [given, shared] of [
  [
    "/data/workspaceStorage/1f91e0d7/mini-gemini.mini-gemini",
    "/data/workspaceStorage/1f91e0d7/mini-gemini.mini-gemini",
  ],
  [
    "/data/workspaceStorage/1f91e0d7-1/mini-gemini.mini-gemini",
    "/data/workspaceStorage/1f91e0d7/mini-gemini.mini-gemini",
  ],
  ["/data/workspaceStorage/-3dd622b8-9/ext", "/data/workspaceStorage/-3dd622b8/ext"],
  ["/data/workspaceStorage/-3/ext", "/data/workspaceStorage/-3/ext"],
  [
    "/my-1/workspaceStorage/d41d8cd98f00b204e9800998ecf8427e-2/ext",
    "/my-1/workspaceStorage/d41d8cd98f00b204e9800998ecf8427e/ext",
  ],
  ["/data/other-1/ext", "/data/other-1/ext"],
] as const) {
  test(given, () => {
    assert.equal(sharedPath(given), shared);
  });
}
