//! Replies that say OK until it is known that they must say something else.
//!
//! A command that only the engine can carry out replies as if it had gone well, because most often
//! it does, and the effects that tell are answered before anything is sent. If they fail, its
//! reply, and within a transaction only its own part of the reply, is replaced by an error.

use crate::digest::Digest;
use crate::resp::Reply;
use crate::units::ClientId;

use super::Engine;

/// Where the reply to one command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ReplyPlace {
    pub(super) client: ClientId,
    /// Its first byte and the one after its last, counted from the beginning of the connection.
    /// None: nobody gets a reply.
    bytes: Option<[u64; 2]>,
}

impl ReplyPlace {
    pub(super) const fn new(client: ClientId, bytes: Option<[u64; 2]>) -> Self {
        Self { client, bytes }
    }

    /// A reply that stood before this one has grown from `before` to `after` bytes, or shrunk.
    fn shift(&mut self, replaced: Self, after: u64) {
        let (Some(bytes), Some([from, to])) = (&mut self.bytes, replaced.bytes) else { return };
        if self.client == replaced.client && bytes[0] >= to {
            for at in bytes {
                *at = *at - (to - from) + after;
            }
        }
    }

    pub(super) fn digest_into(&self, digest: &mut Digest) {
        digest.put_u64(self.client.0);
        for index in 0..2 {
            digest.put_optional_u64(self.bytes.map(|bytes| bytes[index]));
        }
    }
}

impl Engine {
    /// Puts an error in the place of a reply none of which has left. Others that may still be
    /// replaced, behind it, move along.
    pub(super) fn replace_reply(&mut self, place: ReplyPlace, error: &str) {
        let Some([from, to]) = place.bytes else { return };
        let Some(client) = self.clients.get_mut(&place.client) else { return };
        let mut text = Vec::with_capacity(error.len() + 3);
        Reply::new(&mut text).error(error.as_bytes());
        client.replace_reply(from..to, &text);
        self.executor.statistics.error_replies += 1;
        self.executor.counts.replied(error);
        let after = text.len() as u64;
        for waiting in self.replaceable() {
            waiting.shift(place, after);
        }
    }

    /// The replies that may still be replaced.
    fn replaceable(&mut self) -> impl Iterator<Item = &mut ReplyPlace> {
        let reload = self.reload.as_mut().map(|reload| &mut reload.reply);
        let config = self.config_rewrite.as_mut().map(|rewrite| &mut rewrite.reply);
        reload.into_iter().chain(config).chain(self.begun.replies())
    }
}
