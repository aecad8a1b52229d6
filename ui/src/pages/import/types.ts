import type { Component } from "svelte";
import Binary from "@lucide/svelte/icons/binary";
import Braces from "@lucide/svelte/icons/braces";
import Calendar from "@lucide/svelte/icons/calendar";
import CalendarClock from "@lucide/svelte/icons/calendar-clock";
import Clock from "@lucide/svelte/icons/clock";
import FileDigit from "@lucide/svelte/icons/file-digit";
import Fingerprint from "@lucide/svelte/icons/fingerprint";
import Link from "@lucide/svelte/icons/link";
import List from "@lucide/svelte/icons/list";
import Mail from "@lucide/svelte/icons/mail";
import ToggleLeft from "@lucide/svelte/icons/toggle-left";
import Type from "@lucide/svelte/icons/type";
import type { Key } from "$lib/i18n";
import type { ColumnType } from "./draft.svelte";

interface Looks {
  key: Key;
  icon: Component<{ size?: number }>;
  /** Numbers line up at the right. */
  right: boolean;
}

/** In the order they are offered: from the widest to the narrowest use. */
export const TYPES: Record<ColumnType, Looks> = {
  text: { key: "type.text", icon: Type, right: false },
  integer: { key: "type.integer", icon: Binary, right: true },
  real: { key: "type.real", icon: Binary, right: true },
  decimal: { key: "type.decimal", icon: Binary, right: true },
  boolean: { key: "type.boolean", icon: ToggleLeft, right: false },
  date: { key: "type.date", icon: Calendar, right: false },
  timestamp: { key: "type.timestamp", icon: CalendarClock, right: false },
  time: { key: "type.time", icon: Clock, right: false },
  uuid: { key: "type.uuid", icon: Fingerprint, right: false },
  choice: { key: "type.choice", icon: List, right: false },
  email: { key: "type.email", icon: Mail, right: false },
  url: { key: "type.url", icon: Link, right: false },
  json: { key: "type.json", icon: Braces, right: false },
  blob: { key: "type.blob", icon: FileDigit, right: false },
};

export const TYPE_NAMES = Object.keys(TYPES) as ColumnType[];
