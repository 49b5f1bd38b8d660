// A sentence of history for each known hole: which Redis, since when or until when, where it was
// reported, and what to do here to see it. Loaded when one is chosen.
import { code } from "../text/markup";
import type { HoleName } from "../types";

export const en: Record<HoleName, string> = {
  "postponed-write": `Up to Redis 6.2, ${code("everysec")}: while a sync runs, a write is acknowledged and stays in ${code("aof_buf")} for up to 2 s (issues 641 and 1862). Kill the process, and it is gone.`,
  "rename-before-residual":
    "Up to Redis 6.2, the name changes before what the parent appended to the new file is synced; 7.0 appends nothing (9788). Cut the power: writes are gone that the old file had on disk.",
  "rename-before-sync": `Redis 3.0 changes the name before the sync under ${code("always")}, too; 6.2 syncs first. Cut the power: writes are gone whose replies had waited for the disk.`,
  "lost-rename":
    "Redis up to 6.2 never syncs the directory; 7.0.4 does (10737). Cut the power: the name leads to the old log, without what was acknowledged since.",
  "always-during-rewrite": `Redis 3.0 to 7: ${code("no-appendfsync-on-rewrite yes")}, for disks that a child slows down (539), takes the sync away, even from ${code("always")}. Cut the power: acknowledged writes are gone.`,
  "forgotten-sync":
    "A sync fails, the kernel drops its pages, the next sync succeeds, and Redis 6.2 believes it (8111, 8419). Cut the power: behind the gap nothing loads.",
  "ignored-sync": `Redis 3.0 replies under ${code("always")} though the sync failed; 6.2 exits instead (8111, 8347). Cut the power: acknowledged writes are gone.`,
  "half-transaction": `Redis before 4.0.14 loads a log that ends inside ${code("MULTI")} and keeps what it ran (5201). Cut the power: half a transaction comes back.`,
  "torn-transaction": `Redis 6.2 cuts a log that ends inside a transaction behind its last whole command, so ${code("MULTI")} stays (Valkey 4342). Kill the process: the next start takes back every write since, synced or not.`,
  "silent-zeros":
    "A size can reach the disk before its data, and the log has no checksum (3730, 5177). Cut the power: zeros inside a value load without a word; with zeros at the end nothing loads.",
};

export const zh: Record<HoleName, string> = {
  "postponed-write": `Redis 6.2 及以前，${code("everysec")}：刷盘期间，写入已确认却还在 ${code("aof_buf")} 里，最多 2 秒（641、1862）。杀掉进程，它就没了。`,
  "rename-before-residual":
    "Redis 6.2 及以前，先改名，父进程追加的部分后刷盘；7.0 不再追加（9788）。断电后，旧文件里早已落盘的写入也没了。",
  "rename-before-sync": `Redis 3.0 在 ${code("always")} 下也先改名后刷盘，6.2 先刷盘。断电后，等过磁盘才确认的写入没了。`,
  "lost-rename":
    "Redis 6.2 及以前从不刷目录，7.0.4 起才刷（10737）。断电后名字又指向旧日志，之后确认的写入没了。",
  "always-during-rewrite": `Redis 3.0 到 7：${code("no-appendfsync-on-rewrite yes")} 是为被子进程拖慢的磁盘设的（539），它停掉刷盘，连 ${code("always")} 也停。断电后，已确认的写入没了。`,
  "forgotten-sync":
    "刷盘失败，内核丢了那些页，下一次刷盘成功，Redis 6.2 就信了（8111、8419）。断电后，缺口后面都载入不了。",
  "ignored-sync": `Redis 3.0 在 ${code("always")} 下刷盘失败也照样回复，6.2 会退出（8111、8347）。断电后，已确认的写入没了。`,
  "half-transaction": `Redis 4.0.14 以前，日志停在 ${code("MULTI")} 里也照样载入（5201）。断电后，回来的是半个事务。`,
  "torn-transaction": `日志停在事务里，Redis 6.2 只截到最后一条完整的命令，${code("MULTI")} 还在（Valkey 4342）。杀掉进程，下次启动收回之后的所有写入。`,
  "silent-zeros":
    "长度可能比数据先落盘，而日志没有校验和（3730、5177）。断电后，值里的零悄悄载入；末尾是零，6.2 就整个不载入。",
};
