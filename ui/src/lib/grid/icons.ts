/** The sign of each kind of column. */

import type { Component } from "svelte";
import ArrowUpRight from "@lucide/svelte/icons/arrow-up-right";
import Binary from "@lucide/svelte/icons/binary";
import Braces from "@lucide/svelte/icons/braces";
import Calendar from "@lucide/svelte/icons/calendar";
import CalendarClock from "@lucide/svelte/icons/calendar-clock";
import CircleDot from "@lucide/svelte/icons/circle-dot";
import FileDigit from "@lucide/svelte/icons/file-digit";
import Hash from "@lucide/svelte/icons/hash";
import ToggleLeft from "@lucide/svelte/icons/toggle-left";
import Type from "@lucide/svelte/icons/type";
import type { GridColumn, Kind } from "./columns";

const ICONS: Record<Kind, Component<{ size?: number }>> = {
  text: Type,
  integer: Binary,
  number: Binary,
  boolean: ToggleLeft,
  date: Calendar,
  timestamp: CalendarClock,
  choice: CircleDot,
  json: Braces,
  bytes: FileDigit,
};

export function columnIcon(column: GridColumn): Component<{ size?: number }> {
  if (column.key) return Hash;
  return column.references ? ArrowUpRight : ICONS[column.kind];
}
