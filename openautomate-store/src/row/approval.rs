//! Approvals.

use openautomate_core::domain::Approval;
use openautomate_core::id::{ApprovalId, ExecutionId, UserId};
use uuid::Uuid;

use crate::driver::{Columns, Dialect, Json, Row, Statement, Word, micros, micros_of};
use crate::error::Result;
use crate::table::{Table, table};

impl Table for Approval {
    table!(
        "approval",
        "approvals",
        [
            execution_id,
            key,
            epoch,
            question,
            data,
            approvers,
            role,
            expires_at,
            default_approve,
            state,
            comment,
            answered_by_id,
            answered_at,
            created_at
        ]
    );

    fn id(&self) -> &Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn bind(&self, _: Dialect, statement: Statement) -> Statement {
        statement
            .bind(self.execution_id.as_uuid())
            .bind(&self.key)
            .bind(self.epoch)
            .bind(&self.question)
            .bind(Json(&self.data))
            .bind(Json(&self.approvers))
            .bind(self.role.map(Word))
            .bind(micros_of(self.expires_at))
            .bind(self.default_approve)
            .bind(Word(self.state))
            .bind(&self.comment)
            .bind(self.answered_by_id.map(|id| *id.as_uuid()))
            .bind(micros_of(self.answered_at))
            .bind(micros(self.created_at))
    }

    fn read<R: Row>(row: &R) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        Ok(Self {
            id: ApprovalId::from_uuid(columns.uuid("id")?),
            execution_id: ExecutionId::from_uuid(columns.uuid("execution_id")?),
            key: columns.get("key")?,
            epoch: columns.count("epoch")?,
            question: columns.get("question")?,
            data: columns.json("data")?,
            approvers: columns.json("approvers")?,
            role: columns.word_or_none("role")?,
            expires_at: columns.time_or_none("expires_at")?,
            default_approve: columns.get("default_approve")?,
            state: columns.word("state")?,
            comment: columns.get("comment")?,
            answered_by_id: columns.uuid_or_none("answered_by_id")?.map(UserId::from_uuid),
            answered_at: columns.time_or_none("answered_at")?,
            created_at: columns.time("created_at")?,
            revision: columns.get("revision")?,
        })
    }
}
