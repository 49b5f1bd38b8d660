//! `CONFIG REWRITE`: the host writes the file before the next command runs. The reply says OK until
//! it is known that it must say something else.

use crate::digest::Digest;
use crate::note::Note;
use crate::units::Errno;

use super::Engine;
use super::effects::Next;
use super::reply_place::ReplyPlace;

/// A rewriting that has no answer yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ConfigRewrite {
    pub(super) reply: ReplyPlace,
    /// Whether the host knows.
    pub(super) asked: bool,
}

impl ConfigRewrite {
    pub(super) fn digest_into(&self, digest: &mut Digest) {
        self.reply.digest_into(digest);
        digest.put_bool(self.asked);
    }
}

impl Engine {
    pub(super) fn next_rewrite_config(&mut self) -> Option<Next> {
        let rewrite = self.config_rewrite.as_mut()?;
        (!std::mem::replace(&mut rewrite.asked, true)).then_some(Next::RewriteConfig)
    }

    /// What the host said. An answer that nobody asked for says nothing.
    pub(super) fn config_rewritten(&mut self, result: Result<(), Errno>) {
        let Some(rewrite) = self.config_rewrite.take_if(|rewrite| rewrite.asked) else { return };
        self.work = true;
        self.notes.push_back(Note::ConfigRewritten(result));
        if let Err(errno) = result {
            let text = format!("ERR Rewriting config file: {}", errno.text());
            self.replace_reply(rewrite.reply, &text);
        }
    }
}
