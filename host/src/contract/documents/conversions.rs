//! From the contract's records to documents.

use super::{
    ActionDocument, DiagnosticDocument, EvidenceDocument, ReasonDocument, SpanDocument, documents,
};
use crate::contract::fields::ByName;
use crate::contract::promotion::Action;
use crate::contract::types::{Diagnostic, Evidence, Reason, Span};

impl From<Span> for SpanDocument {
    fn from(span: Span) -> Self {
        Self {
            start: span.start,
            end: span.end,
        }
    }
}

impl From<Diagnostic> for DiagnosticDocument {
    fn from(diagnostic: Diagnostic) -> Self {
        Self {
            severity: ByName(diagnostic.severity),
            code: diagnostic.code,
            message: diagnostic.message,
            span: diagnostic.span.map(Into::into),
            help: diagnostic.help,
        }
    }
}

impl From<Reason> for ReasonDocument {
    fn from(reason: Reason) -> Self {
        Self {
            code: reason.code,
            message: reason.message,
            evidence: documents(reason.evidence),
            help: reason.help,
        }
    }
}

impl From<Evidence> for EvidenceDocument {
    fn from(evidence: Evidence) -> Self {
        match evidence {
            Evidence::Label(span) => Self::Label(span.into()),
            Evidence::Tag(tag) => Self::Tag(tag),
            Evidence::Branch(branch) => Self::Branch(branch),
            Evidence::Job(job) => Self::Job(job),
            Evidence::Commit(commit) => Self::Commit(commit),
            Evidence::Digest(digest) => Self::Digest(digest),
            Evidence::Environment(environment) => Self::Environment(environment),
            Evidence::Event(place) => Self::Event(place),
            Evidence::Setting(setting) => Self::Setting(setting),
        }
    }
}

impl From<Action> for ActionDocument {
    fn from(action: Action) -> Self {
        match action {
            Action::Deploy(environment) => Self::Deploy { environment },
            Action::Observe(environment) => Self::Observe { environment },
            Action::LoadTest(environment) => Self::LoadTest { environment },
            Action::Notify(notice) => Self::Notify {
                urgency: ByName(notice.urgency),
                key: notice.key,
                text: notice.text,
            },
            Action::Wait(seconds) => Self::Wait { seconds },
            Action::Finish(conclusion) => Self::Finish {
                conclusion: ByName(conclusion),
            },
        }
    }
}
