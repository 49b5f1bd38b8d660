//! `CONFIG REWRITE`: the host writes the file before the next command runs. The reply says OK until
//! it is known that it must say something else.

use crate::digest::Digest;
use crate::note::Note;
use crate::resp::Reply;
use crate::units::{ClientId, Errno};

use super::Engine;
use super::effects::Next;

/// A rewriting that has no answer yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ConfigRewrite {
    pub(super) client: ClientId,
    /// Where the reply begins, counted from the beginning of the connection. None: there is none.
    pub(super) reply_at: Option<u64>,
    /// Whether the host knows.
    pub(super) asked: bool,
}

impl ConfigRewrite {
    pub(super) fn digest_into(&self, digest: &mut Digest) {
        digest.put_u64(self.client.0);
        digest.put_optional_u64(self.reply_at);
        digest.put_bool(self.asked);
    }
}

impl Engine {
    pub(super) fn next_rewrite_config(&mut self) -> Option<Next> {
        let rewrite = self.rewrite.as_mut()?;
        (!std::mem::replace(&mut rewrite.asked, true)).then_some(Next::RewriteConfig)
    }

    /// What the host said. An answer that nobody asked for says nothing.
    pub(super) fn config_rewritten(&mut self, result: Result<(), Errno>) {
        let Some(rewrite) = self.rewrite.take_if(|rewrite| rewrite.asked) else { return };
        self.work = true;
        self.notes.push_back(Note::ConfigRewritten(result));
        if let (Err(errno), Some(reply_at)) = (result, rewrite.reply_at)
            && let Some(client) = self.clients.get_mut(&rewrite.client)
        {
            client.take_back(reply_at);
            let text = format!("ERR Rewriting config file: {}", errno.text());
            Reply::new(client.output()).error(text.as_bytes());
            self.executor.statistics.error_replies += 1;
        }
    }
}
