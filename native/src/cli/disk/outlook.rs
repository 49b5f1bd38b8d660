//! What the policies would give on this disk: arithmetic, no promise.

use std::fs;

use serde::Serialize;

use super::measure::Call;
use crate::cli::html::thousands;
use crate::cli::latency::{Summary, time};

/// How many clients the figures are about.
const CLIENTS: [u32; 4] = [1, 10, 50, 200];
/// About how long one command is in a log, in bytes.
const COMMAND_BYTES: usize = 64;
/// The next larger size that was measured: what many clients write between two syncs.
const BATCH_BYTES: usize = 4096;

/// Writes that could be acknowledged under `always`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Speed {
    pub(super) clients: u32,
    pub(super) writes_per_second: f64,
}

/// One policy.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Policy {
    pub(super) policy: &'static str,
    /// How fast it could be, in words.
    pub(super) speed: String,
    /// What a power cut may take, in words.
    pub(super) risk: String,
    /// The same in seconds.
    pub(super) seconds_at_risk: f64,
}

/// All of it.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Outlook {
    /// Under `always`, when each client waits for its reply and all who wait share a sync.
    pub(super) always: Vec<Speed>,
    pub(super) policies: Vec<Policy>,
}

/// Works it out from what was measured.
pub(super) fn outlook(of: impl Fn(Call, usize) -> Summary) -> Outlook {
    let cost = |size| of(Call::Write, size).mean_us + of(Call::DataSync, size).mean_us;
    let always: Vec<Speed> = CLIENTS
        .into_iter()
        .map(|clients| {
            let size = if clients == 1 { COMMAND_BYTES } else { BATCH_BYTES };
            let writes_per_second = 1e6 / cost(size).max(0.001) * f64::from(clients);
            Speed { clients, writes_per_second }
        })
        .collect();
    let speeds: Vec<String> = always
        .iter()
        .map(|speed| format!("{} with {}", rounded(speed.writes_per_second), speed.clients))
        .collect();
    let alone = of(Call::DataSync, COMMAND_BYTES);
    // A sync of everysec finds a second's worth of writes, so the largest size is nearest.
    let sync = of(Call::DataSync, 1024 * 1024);
    let late_seconds = 1.0 + sync.p99_us / 1e6;
    let (expire_seconds, look_seconds) = kernel();
    let write = of(Call::Write, COMMAND_BYTES);
    Outlook {
        always,
        policies: vec![
            Policy {
                policy: "always",
                speed: format!(
                    "about {} writes a second, by clients that share a sync; each waits {}, one \
                     of a hundred {}",
                    speeds.join(", "),
                    time(alone.p50_us),
                    time(alone.p99_us)
                ),
                risk: "a power cut takes nothing that was acknowledged".to_owned(),
                seconds_at_risk: 0.0,
            },
            Policy {
                policy: "everysec",
                speed: format!(
                    "no reply waits for the disk, only for its write, {}; a sync takes {}",
                    time(write.p50_us),
                    time(sync.p50_us)
                ),
                risk: format!(
                    "a power cut takes up to {late_seconds:.2} s of writes (a second, and a sync of 1 \
                     MB, which takes up to {} in 99 of 100)",
                    time(sync.p99_us)
                ),
                seconds_at_risk: late_seconds,
            },
            Policy {
                policy: "no",
                speed: "as everysec, without its syncs".to_owned(),
                risk: format!(
                    "a power cut takes up to {:.0} s of writes (this kernel writes back what is \
                     older than {expire_seconds:.0} s, and looks every {look_seconds:.0} s)",
                    expire_seconds + look_seconds
                ),
                seconds_at_risk: expire_seconds + look_seconds,
            },
        ],
    }
}

/// Two digits are all that can be meant.
pub(super) fn rounded(value: f64) -> String {
    let decade = 10_f64.powf((value.max(1.0).log10().floor() - 1.0).max(0.0));
    // Between 0 and what 64 bits hold: the sum of two times is above a nanosecond.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float becomes the nearest integer there is"
    )]
    let whole = ((value / decade).round() * decade) as u64;
    thousands(whole)
}

/// After how many seconds the kernel writes a page back, and how often it looks.
fn kernel() -> (f64, f64) {
    let read = |name: &str, usual: f64| {
        let text = fs::read_to_string(format!("/proc/sys/vm/{name}")).ok();
        text.and_then(|text| text.trim().parse().ok()).unwrap_or(usual) / 100.0
    };
    (read("dirty_expire_centisecs", 3000.0), read("dirty_writeback_centisecs", 500.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_share_a_sync() {
        let outlook = outlook(|call, _| Summary {
            mean_us: if call == Call::DataSync { 990.0 } else { 10.0 },
            p99_us: 250_000.0,
            ..Summary::default()
        });
        let speeds: Vec<f64> = outlook.always.iter().map(|speed| speed.writes_per_second).collect();
        assert_eq!(speeds, [1000.0, 10_000.0, 50_000.0, 200_000.0]);
        assert!(outlook.policies[0].speed.contains("1,000 with 1, 10,000 with 10"));
        assert!((outlook.policies[1].seconds_at_risk - 1.25).abs() < 1e-9);
        assert!(outlook.policies[2].seconds_at_risk > 0.0);
    }

    #[test]
    fn figures_have_two_digits() {
        for (value, text) in [(0.4, "0"), (7.6, "8"), (1234.0, "1,200"), (98_765.0, "99,000")] {
            assert_eq!(rounded(value), text);
        }
    }
}
