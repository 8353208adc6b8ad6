"""The portal's tables."""

from web.models.audit import AuditEntry
from web.models.courses import (
    Announcement,
    AssignmentVersion,
    CountedAttempt,
    Course,
    CourseAssignment,
    Extension,
    Snapshot,
)
from web.models.extension_requests import ExtensionRequest
from web.models.grade_keys import GradeStep, SpecialGrade
from web.models.grading import (
    GradeChange,
    GradingClaim,
    GradingShare,
    LineComment,
    ManualGrade,
    PointsOverride,
    QuestionRubric,
    RegradeRequest,
    RequestState,
    SavedComment,
    SecondMark,
    SecondMarking,
)
from web.models.instance import Instance, WorkerProcess
from web.models.leases import JobState, Leased
from web.models.notices import (
    Delivery,
    Mail,
    MailKind,
    MailState,
    Notice,
    NoticeChoice,
    NoticeKind,
)
from web.models.people import BrowserSession, Invitation, Membership, Role, SignInAttempt, User
from web.models.questions import ChosenRubricItem, SnapshotQuestion, SnapshotRubricItem
from web.models.regrading import Regrade, RegradeJob, RegradeJobState, RegradeState
from web.models.submissions import AnswerText, Result, Submission, SubmissionState

__all__ = [
    "Announcement",
    "AnswerText",
    "AssignmentVersion",
    "AuditEntry",
    "BrowserSession",
    "ChosenRubricItem",
    "CountedAttempt",
    "Course",
    "CourseAssignment",
    "Delivery",
    "Extension",
    "ExtensionRequest",
    "GradeChange",
    "GradeStep",
    "GradingClaim",
    "GradingShare",
    "Instance",
    "Invitation",
    "JobState",
    "Leased",
    "LineComment",
    "Mail",
    "MailKind",
    "MailState",
    "ManualGrade",
    "Membership",
    "Notice",
    "NoticeChoice",
    "NoticeKind",
    "PointsOverride",
    "QuestionRubric",
    "Regrade",
    "RegradeJob",
    "RegradeJobState",
    "RegradeRequest",
    "RegradeState",
    "RequestState",
    "Result",
    "Role",
    "SavedComment",
    "SecondMark",
    "SecondMarking",
    "SignInAttempt",
    "Snapshot",
    "SnapshotQuestion",
    "SnapshotRubricItem",
    "SpecialGrade",
    "Submission",
    "SubmissionState",
    "User",
    "WorkerProcess",
]
