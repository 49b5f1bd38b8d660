"""What programs in Python do with Redis, done with aofd: `session.py PORT SOCKET`.

Prints a line for each part that worked; the first surprise ends it.
"""

import sys
import threading

import redis

port, socket = int(sys.argv[1]), sys.argv[2]


def client(**options):
    return redis.Redis(port=port, decode_responses=True, socket_timeout=30, **options)


r = client()


def part(work):
    r.flushall()
    work()
    print(work.__name__.replace("_", " "), flush=True)


def fails(kind, text, work):
    try:
        work()
    except kind as error:
        assert text in str(error), error
    else:
        raise AssertionError(f"no {kind.__name__}")


@part
def strings():
    assert r.set("a", "1", nx=True) and not r.set("a", "2", nx=True)
    assert r.set("a", "3", get=True) == "1"
    assert r.incr("a", 39) == 42 and r.incrbyfloat("a", 0.5) == 42.5
    assert r.mset({"b": "x", "c": ""}) and r.mget("a", "b", "c", "d") == ["42.5", "x", "", None]
    assert r.append("b", "yz") == 3 and r.getrange("b", 1, 2) == "yz"
    raw = redis.Redis(port=port)
    raw.set(b"\x00\r\n", b"\xff\x00")
    assert raw.get(b"\x00\r\n") == b"\xff\x00"


@part
def lists():
    assert r.rpush("l", "a", "b", "c", "b") == 4 and r.lpush("l", "z") == 5
    assert r.lrange("l", 0, -1) == ["z", "a", "b", "c", "b"]
    assert r.lpos("l", "b", rank=-1) == 4 and r.lpos("l", "b", count=0) == [2, 4]
    assert r.lmove("l", "m", "LEFT", "RIGHT") == "z" and r.lrem("l", 1, "b") == 1
    assert r.linsert("l", "BEFORE", "c", "x") == 4 and r.lpop("l", 2) == ["a", "x"]


@part
def hashes():
    assert r.hset("h", mapping={"a": 1, "b": "two"}) == 2
    assert r.hgetall("h") == {"a": "1", "b": "two"} and r.hmget("h", "b", "c") == ["two", None]
    assert r.hincrby("h", "a", 4) == 5 and r.hincrbyfloat("h", "a", 0.25) == 5.25
    assert sorted(r.hrandfield("h", 5)) == ["a", "b"] and r.hdel("h", "a", "b", "c") == 2
    assert not r.exists("h")


@part
def sets():
    assert r.sadd("s", 1, 2, 3) == 3 and r.sadd("t", 2, 3, "x") == 3
    assert r.sinter("s", "t") == {"2", "3"} and r.sdiff("s", "t") == {"1"}
    assert r.sunionstore("u", "s", "t") == 4 and r.smismember("u", ["x", "y"]) == [1, 0]
    assert len(r.srandmember("u", -10)) == 10 and len(set(r.spop("u", 3))) == 3
    assert r.scard("u") == 1 and r.smove("s", "t", "1")


@part
def sorted_sets():
    assert r.zadd("z", {"a": 1, "b": 2.5, "c": float("inf")}) == 3
    assert r.zadd("z", {"a": 0}, gt=True, ch=True) == 0 and r.zscore("z", "c") == float("inf")
    assert r.zrange("z", 0, -1, withscores=True) == [("a", 1), ("b", 2.5), ("c", float("inf"))]
    assert r.zrange("z", "+inf", "(1", byscore=True, desc=True, offset=0, num=1) == ["c"]
    assert r.zrangebyscore("z", 1, 3) == ["a", "b"] and r.zrevrank("z", "a") == 2
    assert r.zincrby("z", 1, "a") == 2 and r.zpopmin("z") == [("a", 2)]
    assert r.zunionstore("y", {"z": 2}) == 2 and r.zmscore("y", ["b", "q"]) == [5, None]
    assert r.zunion(["y", "z"], aggregate="MAX", withscores=True)[0] == ("b", 5)


@part
def pipelines():
    pipeline = r.pipeline(transaction=False)
    for number in range(5000):
        pipeline.set(f"k{number}", number)
        pipeline.get(f"k{number}")
    replies = pipeline.execute()
    assert replies[1::2] == [str(number) for number in range(5000)] and all(replies[::2])


@part
def transactions():
    with r.pipeline() as pipeline:
        assert pipeline.set("a", 1).rpush("l", "x").incr("a").execute() == [True, 1, 2]
        fails(redis.ResponseError, "WRONGTYPE", pipeline.incr("l").set("b", 1).execute)
        assert r.get("b") == "1"
        pipeline.watch("a")
        r.set("a", 10)
        pipeline.multi()
        pipeline.incr("a")
        fails(redis.WatchError, "", pipeline.execute)

    def add(pipeline):
        value = int(pipeline.get("a"))
        pipeline.multi()
        pipeline.set("a", value + 1)

    def work():
        own = client()
        for _ in range(50):
            own.transaction(add, "a")

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert r.get("a") == "160"


@part
def scans():
    pipeline = r.pipeline()
    for number in range(3000):
        pipeline.set(f"k{number}", number).hset("h", f"f{number}", number)
        pipeline.sadd("s", number).zadd("z", {f"m{number}": number})
    pipeline.execute()
    assert set(r.scan_iter("k*", count=100)) == {f"k{number}" for number in range(3000)}
    assert set(r.scan_iter(_type="zset")) == {"z"}
    assert dict(r.hscan_iter("h")) == {f"f{number}": str(number) for number in range(3000)}
    assert set(r.sscan_iter("s")) == {str(number) for number in range(3000)}
    assert dict(r.zscan_iter("z")) == {f"m{number}": number for number in range(3000)}
    assert set(r.hscan_iter("h", match="f1?")) == {(f"f{n}", str(n)) for n in range(10, 20)}


@part
def errors():
    r.rpush("l", 1)
    fails(redis.ResponseError, "WRONGTYPE", lambda: r.get("l"))
    fails(redis.ResponseError, "not an integer", lambda: r.lrange("l", "a", "b"))
    fails(redis.ResponseError, "wrong number of arguments", lambda: r.execute_command("GET"))
    fails(redis.ResponseError, "unknown command", lambda: r.execute_command("NOSUCH"))
    fails(redis.ResponseError, "no such key", lambda: r.rename("nothing", "other"))
    assert r.ping()


@part
def expiry():
    assert r.set("a", 1, ex=1000) and 990 < r.ttl("a") <= 1000
    assert r.persist("a") and r.ttl("a") == -1 and r.ttl("nothing") == -2
    assert r.getex("a", px=500_000) == "1" and r.pttl("a") <= 500_000


@part
def unix_socket():
    local = redis.Redis(unix_socket_path=socket, decode_responses=True)
    assert local.set("a", "by the other door") and r.get("a") == "by the other door"
    assert local.client_id() != r.client_id()


@part
def sort():
    r.rpush("l", 3, 1, 2)
    r.mset({"w1": 30, "w2": 20, "w3": 10})
    found = r.sort("l", by="w*", get=["#", "w*"], groups=True)
    assert found == [("3", "10"), ("2", "20"), ("1", "30")]
    assert r.sort("l", desc=True, store="m") == 3 and r.lrange("m", 0, -1) == ["3", "2", "1"]


@part
def monitor():
    with client().monitor() as watcher:
        r.set("seen", "by monitor")
        command = next(watcher.listen())
        while not command["command"].startswith("SET"):
            command = next(watcher.listen())
        assert command["command"] == "SET seen by monitor" and command["db"] == 0


@part
def password():
    r.config_set("requirepass", "secret")
    fails(redis.AuthenticationError, "", lambda: client().ping())
    fails(redis.RedisError, "WRONGPASS", lambda: client(password="wrong").ping())
    assert client(password="secret").ping()
