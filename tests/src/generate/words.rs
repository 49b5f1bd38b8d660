//! The words that stand in commands: few different ones, so that they meet again, and those at
//! the borders of what is allowed.

use crate::workload::{Random, cased};

/// Numbers that are at a border, or none at all.
const ODD_NUMBERS: &[&str] = &[
    "0",
    "-0",
    "1",
    "-1",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
    "2147483648",
    "4294967296",
    "1.5",
    "0x10",
    "+1",
    "01",
    "1e3",
    "abc",
    "",
    " 1",
    "1 ",
    "nan",
    "inf",
    "-inf",
    "+inf",
    "infinity",
    "1.7e308",
    "1e400",
    "5e-324",
    "(1",
    "(inf",
    "[a",
    "-",
    "+",
];

/// Scores that are exact in binary with few digits, so that sums do not depend on their order.
const SCORES: &[&str] = &[
    "0", "1", "2", "3", "-1", "-2", "0.5", "1.25", "-0.75", "10", "100", "1e3", "0x10", "-0", "+3",
    "1048576", "inf", "-inf", "+inf", "Infinity",
];

/// Scores whose shortest text is long, or that lie at a border.
const HARD_SCORES: &[&str] = &[
    "0.1",
    "3.14159265358979",
    "-2.2250738585072014e-308",
    "5e-324",
    "1.7976931348623157e308",
    "1e21",
    "1e17",
    "123456789012345680",
    "9007199254740993",
    "-9223372036854775808",
    "9223372036854775807",
    "1e-7",
    "0.30000000000000004",
    "2.5e-5",
    "100000000000000000000",
];

const LEXICAL: &[&str] =
    &["-", "+", "[", "(", "[a", "(a", "[b", "(b", "[c", "(c", "[m", "(m", "[zz", "(zz", "[1", "(5"];

/// Makes words.
#[derive(Clone, Debug)]
pub struct Words {
    /// Where they come from.
    pub random: Random,
    now_ms: u64,
}

impl Words {
    /// Words that follow from `seed`, for a clock that says `now_ms`.
    #[must_use]
    pub const fn new(seed: u64, now_ms: u64) -> Self {
        Self { random: Random::new(seed), now_ms }
    }

    /// A name as clients write it.
    pub fn cased(&mut self, name: &str) -> Vec<u8> {
        cased(&mut self.random, name)
    }

    /// A time that does not end while a test runs.
    fn far_millis(&mut self) -> u64 {
        1_000_000 + self.random.below(1_000_000_000)
    }

    /// A word of this kind.
    ///
    /// # Panics
    /// If there is no such kind.
    pub fn slot(&mut self, kind: &str) -> Vec<u8> {
        match kind {
            "string" | "list" | "hash" | "set" | "zset" | "anykey" | "lex" => self.key(kind),
            "field" | "member" | "value" => self.element(),
            "longvalue" => self.long(),
            "plain" => self.letter(),
            "few" => self.random.below(20).to_string().into_bytes(),
            "missing" => b"missing".to_vec(),
            "weightkey" => format!("weight:{}", self.random.below(20)).into_bytes(),
            "many" => format!("m{}", self.random.below(200)).into_bytes(),
            "manynumbers" => self.random.below(700).to_string().into_bytes(),
            "integer" => self.integer(),
            "float" => self.float(),
            "score" => self.score(),
            "exactscore" => self.chosen(SCORES),
            "hardscore" => self.chosen(HARD_SCORES),
            "border" => self.score_border(),
            "lexborder" => self.lex_border(),
            "weight" => self.weight(),
            "index" => self.index(),
            "count" => self.count(),
            "smallcount" => self.random.below(4).to_string().into_bytes(),
            "database" => {
                let numbers = ["0", "1", "1", "2", "2", "7", "15", "16", "-1", "a"];
                self.chosen(&numbers)
            }
            "pattern" => {
                let patterns = ["*", "a*", "?", "[a-c]", "*1*", "m1?", "nothing", "[^a]*", "\\a"];
                self.chosen(&patterns)
            }
            "seconds" => (1000 + self.random.below(1_000_000)).to_string().into_bytes(),
            "moment" => {
                let seconds = self.now_ms / 1000 + 1000 + self.random.below(1_000_000);
                seconds.to_string().into_bytes()
            }
            "millis" => self.far_millis().to_string().into_bytes(),
            "momentmillis" => (self.now_ms + self.far_millis()).to_string().into_bytes(),
            "odd" => self.odd(),
            _ => panic!("no such kind of word: {kind}"),
        }
    }

    fn chosen(&mut self, choices: &[&str]) -> Vec<u8> {
        self.random.one_of(choices).as_bytes().to_vec()
    }

    /// Mostly a key of the kind, sometimes one of another, so that types are wrong.
    fn key(&mut self, kind: &str) -> Vec<u8> {
        if kind == "lex" {
            // Members of a key that LEX asks for must all have one score, so nobody else has it.
            return format!("lex:{}", self.random.below(6)).into_bytes();
        }
        let kinds = ["string", "list", "hash", "set", "zset"];
        let kind = match self.random.below(40) {
            0 => return Vec::new(),
            1 => return b"\x00\r\n\xff".to_vec(),
            2 => return b"missing".to_vec(),
            3..=6 => *self.random.one_of(&kinds),
            _ if kind == "anykey" => *self.random.one_of(&kinds),
            _ => kind,
        };
        format!("{kind}:{}", self.random.below(6)).into_bytes()
    }

    fn letter(&mut self) -> Vec<u8> {
        vec![b'a' + u8::try_from(self.random.below(16)).unwrap_or(0)]
    }

    fn element(&mut self) -> Vec<u8> {
        match self.random.below(40) {
            0..=15 => self.letter(),
            16..=27 => self.random.below(24).to_string().into_bytes(),
            28 => b"9223372036854775807".to_vec(),
            29 => b"-9223372036854775808".to_vec(),
            30 => format!("-{}", self.random.below(70_000)).into_bytes(),
            31 => self.random.below(5_000_000_000).to_string().into_bytes(),
            32 => Vec::new(),
            33 => b"\x00\r\n\xff".to_vec(),
            34 => b"01".to_vec(),
            35 => b"1.5".to_vec(),
            36 => self.long(),
            37 => {
                let length = self.random.below(12);
                let byte = |random: &mut Random| u8::try_from(random.below(256)).unwrap_or(0);
                (0..length).map(|_| byte(&mut self.random)).collect()
            }
            _ => format!("word{}", self.random.below(8)).into_bytes(),
        }
    }

    /// Around the limit of 64 bytes of the compact forms, and far beyond it.
    fn long(&mut self) -> Vec<u8> {
        let lengths = [60, 63, 64, 64, 65, 66, 100, 254, 255, 300, 1000, 9000];
        let length = *self.random.one_of(&lengths);
        let byte = b'A' + u8::try_from(self.random.below(3)).unwrap_or(0);
        vec![byte; length]
    }

    fn integer(&mut self) -> Vec<u8> {
        match self.random.below(20) {
            0 => self.chosen(ODD_NUMBERS),
            1 => b"9223372036854775807".to_vec(),
            2 => b"-9223372036854775808".to_vec(),
            3..=6 => format!("-{}", self.random.below(50)).into_bytes(),
            _ => self.random.below(100).to_string().into_bytes(),
        }
    }

    fn float(&mut self) -> Vec<u8> {
        let (whole, part) = (self.random.below(2000), self.random.below(100_000));
        match self.random.below(14) {
            0 => self.chosen(ODD_NUMBERS),
            1 => format!("{whole}e{}", self.random.below(18)).into_bytes(),
            2 => format!("-{whole}.{part}").into_bytes(),
            3 => format!("{whole}.5e-{}", self.random.below(12)).into_bytes(),
            4 => b"0.1".to_vec(),
            5 => whole.to_string().into_bytes(),
            _ => format!("{whole}.{part}").into_bytes(),
        }
    }

    fn score(&mut self) -> Vec<u8> {
        match self.random.below(40) {
            0 => self.chosen(ODD_NUMBERS),
            1 => b"nan".to_vec(),
            2..=12 => self.random.below(8).to_string().into_bytes(),
            _ => self.chosen(SCORES),
        }
    }

    fn score_border(&mut self) -> Vec<u8> {
        let open = if self.random.one_in(3) { "(" } else { "" };
        let score = self.score();
        [open.as_bytes(), &score].concat()
    }

    fn lex_border(&mut self) -> Vec<u8> {
        match self.random.below(30) {
            0 => self.chosen(ODD_NUMBERS),
            1 | 2 => {
                let element = self.element();
                [b"[", element.as_slice()].concat()
            }
            _ => self.chosen(LEXICAL),
        }
    }

    fn weight(&mut self) -> Vec<u8> {
        match self.random.below(20) {
            0 => self.chosen(ODD_NUMBERS),
            _ => self.chosen(&["0", "1", "2", "-1", "0.5", "inf", "-inf"]),
        }
    }

    fn index(&mut self) -> Vec<u8> {
        match self.random.below(24) {
            0 => self.chosen(ODD_NUMBERS),
            1 => b"-1".to_vec(),
            2 => b"0".to_vec(),
            3 => self.random.below(2000).to_string().into_bytes(),
            _ => (self.signed(12)).to_string().into_bytes(),
        }
    }

    fn count(&mut self) -> Vec<u8> {
        match self.random.below(24) {
            0 => self.chosen(ODD_NUMBERS),
            1 => self.random.below(2000).to_string().into_bytes(),
            _ => self.signed(8).to_string().into_bytes(),
        }
    }

    fn signed(&mut self, below: u64) -> i64 {
        let limit = i64::try_from(below).unwrap_or(1);
        i64::try_from(self.random.below(2 * below)).unwrap_or(0) - limit
    }

    fn odd(&mut self) -> Vec<u8> {
        let options = [
            "XX",
            "GT",
            "LT",
            "CH",
            "INCR",
            "WITHSCORES",
            "LIMIT",
            "REV",
            "BYSCORE",
            "COUNT",
            "MATCH",
            "WEIGHTS",
            "AGGREGATE",
            "STORE",
            "LEFT",
            "RIGHT",
            "BEFORE",
            "RANK",
            "MAXLEN",
            "REPLACE",
            "DB",
            "nosuch",
        ];
        match self.random.below(5) {
            0 => self.chosen(&options),
            1 => self.element(),
            2 => self.key("anykey"),
            _ => self.chosen(ODD_NUMBERS),
        }
    }
}
