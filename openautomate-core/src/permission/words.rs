//! What each permission allows, in words for people.

use super::Permission;

impl Permission {
    /// What it allows, as a sentence without a subject.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::ManageUsers => "invite, change, disable and delete people; give roles; make roles",
            Self::EnrolAgents => "make enrolment tokens, register and delete agents",
            Self::ManageAgents => "change, drain and disable agents",
            Self::ReadAgents => "see agents",
            Self::ManageReleases => "upload releases of the agent program, and bring them to agents",
            Self::WritePackages => "make and change packages, publish versions",
            Self::DeployVersions => "make a version the active one of an environment",
            Self::DeletePackages => "delete packages",
            Self::ReadPackages => "see packages and versions",
            Self::DownloadPackages => "download archives",
            Self::RunExecutions => "trigger and retry executions",
            Self::CancelExecutions => "cancel executions",
            Self::ReadExecutions => "see executions, logs and artifacts",
            Self::WriteSchedules => "make, change and delete schedules",
            Self::ReadSchedules => "see schedules and calendars",
            Self::ManageCalendars => "make, change and remove calendars, which changes when schedules run",
            Self::WriteTriggers => "make, change and delete triggers",
            Self::ReadTriggers => "see triggers, and what they did",
            Self::AnswerApprovals => "answer the approvals that executions wait for",
            Self::WriteAssets => "write and delete assets",
            Self::ReadAssets => "see the names of assets and the values of plain ones",
            Self::WriteQueues => "make, change and delete work queues",
            Self::WriteWorkItems => "add, take, end, reprocess and delete work items",
            Self::ReadQueues => "see work queues and their items",
            Self::ManageBuckets => "make, change and delete storage buckets",
            Self::WriteObjects => "write, move and delete objects of buckets",
            Self::ReadObjects => "see buckets, and read their objects",
            Self::ReadEnvironments => "see environments",
            Self::ManageEnvironments => "change environments",
            Self::PauseEnvironments => "pause environments and resume them",
            Self::ReadAudit => "read and verify the audit",
            Self::ReadSettings => "see metrics and settings",
        }
    }
}
