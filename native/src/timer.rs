//! A timer that the event loop can sleep by, finer than the poll set's own milliseconds.

use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

/// One timer. It fires once for each time it is set.
#[derive(Debug)]
pub struct Timer(TimerFd);

impl Timer {
    /// A timer that is not set, in the poll set under `token`.
    ///
    /// # Errors
    /// If the kernel has none, or the poll set refuses it.
    pub fn register(registry: &Registry, token: Token) -> io::Result<Self> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
        let descriptor = timer.as_fd().as_raw_fd();
        registry.register(&mut SourceFd(&descriptor), token, Interest::READABLE)?;
        Ok(Self(timer))
    }

    /// Fires after so long. What was set before is forgotten.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn set(&self, delay: Duration) -> io::Result<()> {
        // Zero would mean never.
        let delay = TimeSpec::from_duration(delay.max(Duration::from_micros(1)));
        self.0.set(Expiration::OneShot(delay), TimerSetTimeFlags::empty())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fires_once_for_each_time_it_is_set() {
        let mut poll = mio::Poll::new().expect("a timer");
        let timer = Timer::register(poll.registry(), Token(7)).expect("a timer");
        let mut events = mio::Events::with_capacity(4);
        let mut fired = |limit| {
            poll.poll(&mut events, Some(limit)).expect("a timer");
            events.iter().filter(|event| event.token() == Token(7)).count()
        };
        assert_eq!(fired(Duration::ZERO), 0);
        for _ in 0..3 {
            timer.set(Duration::ZERO).expect("a timer");
            assert_eq!(fired(Duration::from_secs(30)), 1);
            assert_eq!(fired(Duration::ZERO), 0);
        }
    }
}
