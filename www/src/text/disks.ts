import type { DiskModel } from "../types";

/** How a model of a disk is spoken of. */
export interface DiskText {
  /** As short as the menu is narrow. */
  name: string;
  /** One sentence. */
  meaning: string;
  /** Of the bytes that were not synced: ends a sentence. */
  may: string;
}

export const enDisks: Record<DiskModel, DiskText> = {
  exact: {
    name: "only synced",
    meaning: "What was synced, and not a byte more.",
    may: "the disk holds none",
  },
  "any-prefix": {
    name: "any prefix",
    meaning: "Any prefix of what was not synced.",
    may: "the disk may hold any prefix",
  },
  "ext4-ordered": {
    name: "as ext4",
    meaning: "As ext4 does: a prefix, then zeros; beyond the last block, whole blocks.",
    may: "ext4 may hold a prefix, then zeros",
  },
  "zero-tail": {
    name: "prefix + zeros",
    meaning: "Any prefix of what was not synced, the rest of it as zeros.",
    may: "the disk may hold a prefix, then zeros",
  },
  "any-subset": {
    name: "any sectors",
    meaning: "Any sectors of what was not synced; in the others, what they held before, or garbage.",
    may: "the disk may hold any sectors, and older bytes, zeros or garbage between them",
  },
  "posix-minimal": {
    name: "anything",
    meaning: "Anything at all in place of what was not synced: POSIX promises no more.",
    may: "the disk may hold anything",
  },
};

export const zhDisks: Record<DiskModel, DiskText> = {
  exact: {
    name: "仅已刷盘",
    meaning: "刷过盘的，一个字节也不多。",
    may: "磁盘一个也没有",
  },
  "any-prefix": {
    name: "任意前缀",
    meaning: "没刷盘的部分，留下任意前缀。",
    may: "磁盘可能留下任意前缀",
  },
  "ext4-ordered": {
    name: "同 ext4",
    meaning: "和 ext4 一样：没刷盘的部分，留下前缀，后面是零；最后一块之后，整块整块地留。",
    may: "ext4 可能留下前缀，后面是零",
  },
  "zero-tail": {
    name: "前缀加零",
    meaning: "没刷盘的部分，留下任意前缀，其余是零。",
    may: "磁盘可能留下任意前缀，后面是零",
  },
  "any-subset": {
    name: "任意扇区",
    meaning: "没刷盘的部分，留下任意几个扇区，其余是旧内容、零或垃圾。",
    may: "磁盘可能留下任意几个扇区，其余是旧内容、零或垃圾",
  },
  "posix-minimal": {
    name: "任意内容",
    meaning: "没刷盘的部分，什么都可能：POSIX 只保证这么多。",
    may: "磁盘上什么都可能",
  },
};
