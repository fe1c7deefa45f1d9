"""Everything a volunteer's browser reads and writes, each in one transaction: begin, plan, answer, events, finish.

A reply is an acknowledgement. It comes after the commit, so every acknowledged answer is on the disk.
"""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from study_app.design import assignment
from study_app.design.pairs import stored_value, trial_looks
from study_app.design.study import Study, known_as
from study_app.design.tokens import digest, session_token, withdrawal_code
from study_app.stimuli.addresses import Addresses
from study_app.stimuli.manifest import Stimuli
from study_app.storage import allocation
from study_app.storage.database import Database
from study_app.storage.messages import AnswerMessage, BeginMessage, EventMessage, check_answer, wrong
from study_app.storage.opening import open_study
from study_app.storage.recruited import Recruits, check_first
from study_app.storage.refusals import RefusedError, changed, conflict
from study_app.storage.rows import Begun, Session, answer_rows, event_rows
from study_app.storage.schema import answers, events, sessions, showings, trials
from study_app.storage.together import Together

EVENTS_A_SESSION = 2000
NOTED_MS = 20_000  # a third of the shortest silence after which a place goes back
# Made once: SQLAlchemy takes as long to put such a statement together as SQLite to answer it.
OF_TOKEN = select(sessions).where(sessions.c.token_hash == bindparam("token"))
OF_TOKEN_LOCKED = OF_TOKEN.with_for_update()
CHANGE = update(sessions).where(sessions.c.id == bindparam("session"))


def wall_clock() -> int:
    """Now, in ms since 1970 in UTC."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class Progress:
    """Where a session stands. `pictures`: of every trial, its stimuli's tokens; `answered`: how many trials."""

    language: str
    pictures: tuple[tuple[str, ...], ...]
    answered: int


class Store:
    """A study on a database. `simulated`: all sessions that begin here belong to simulated raters."""

    def __init__(
        self,
        database: Database,
        study: Study,
        stimuli: Stimuli,
        simulated: bool = False,
        clock: Callable[[], int] = wall_clock,
    ) -> None:
        """Bring the database up to date and open the study on it; raises `UserError` where that cannot be."""
        self.database = database
        self.together = Together(database)
        self.stimuli = stimuli
        self.addresses = Addresses(stimuli)
        self.simulated = simulated
        self.clock = clock
        database.migrate()
        row = open_study(database, study, stimuli.manifest.digest, clock())
        self.study_id, self.study = int(row.id), known_as(study, row.digest)
        self.recruits = Recruits(self.study, stimuli.secret, simulated)

    def begin(self, message: BeginMessage) -> Begun:
        """Give a consenting volunteer the place with the fewest votes."""
        if not message.consent:
            raise wrong("Nobody takes part without consent.")
        if message.language not in self.study.languages:
            raise wrong(f"The study has no language {message.language!r}.")
        if message.study != self.study.digest:
            raise RefusedError(409, "changed", "The study has changed since this page was opened; please reload it.")
        recruited = self.recruits.admitted(message.recruited)
        if recruited is None:
            token = session_token(self.stimuli.secret, message.key or str(uuid.uuid4()))
        else:
            token = self.recruits.token(recruited)
        begun = Begun(token, withdrawal_code(token))
        with self.database.writing() as connection:
            closed_at = allocation.lock_study(connection, self.study_id).closed_at
            known = connection.execute(select(sessions).where(sessions.c.token_hash == digest(token))).first()
            if known is None:
                if closed_at is not None:
                    raise RefusedError(503, "closed", "The study is closed; thank you for your interest.")
                self._insert_session(connection, begun, message.language, recruited)
            elif recruited is not None:
                check_first(known)
        return begun

    def plan(self, token: str) -> Progress:
        """What the session shows. From now on the first trial can begin."""
        with self.database.writing() as connection:
            session = self.present(connection, token)
            self.change(connection, session, ready_at=session.ready_at or self.clock())
            rows = connection.execute(
                select(trials).where(trials.c.session_id == session.id).order_by(trials.c.position)
            ).all()
        try:
            pictures = tuple(self._tokens(row) for row in rows)
        except KeyError:
            raise changed() from None
        return Progress(session.language, pictures, session.answered)

    def answer(self, token: str, message: AnswerMessage) -> bool:
        """Store all answers of a trial once; sending them again changes nothing. Whether it was the session's last."""
        check_answer(message, self.study)
        try:
            return self.together.write(partial(self._answer, token, message))
        except IntegrityError:
            raise conflict("This key belongs to the answers of another trial.") from None

    def add_events(self, token: str, messages: tuple[EventMessage, ...]) -> None:
        """Write events, each key once."""
        self.together.write(partial(self._add_events, token, messages))

    def claim_tab(self, token: str, tab: str, take: bool) -> bool:
        """Whether `tab` is the session's browser tab: the first that asks is, until another takes over."""
        with self.database.writing() as connection:
            session = self.present(connection, token)
            owner = tab if take or session.tab is None else session.tab
            self.change(connection, session, tab=owner)
        return bool(owner == tab)

    def finish(self, token: str) -> str:
        """The withdrawal code, once every trial is answered."""
        session = self.touch(token)
        if session.answered < session.trials:
            raise RefusedError(409, "unfinished", f"{session.trials - session.answered} pictures are left.")
        return withdrawal_code(token)

    def touch(self, token: str) -> Session:
        """Note that the session is alive, and return its row.

        A recent note is not renewed. Then a page only reads, and never waits for a writer.
        """
        with self.database.reading() as connection:
            session = self._known(connection, token, locked=False)
        if not session.lapsed and self.clock() - session.seen_at < NOTED_MS:
            return session
        with self.database.writing() as connection:
            session = self.present(connection, token)
            self.change(connection, session)
        return session

    def _answer(self, token: str, message: AnswerMessage, connection: Connection) -> bool:
        session = self._known(connection, token)
        if self.study.is_paired:
            message = self._without_sides(connection, session, message)
        if message.trial < session.answered:
            self._check_replay(connection, session, message)
        else:
            self._hold_place(connection, session, has_answered=True)
            self._insert_answers(connection, session, message)
        return message.trial == session.trials - 1

    def _add_events(self, token: str, messages: tuple[EventMessage, ...], connection: Connection) -> None:
        session = self._known(connection, token)
        self._hold_place(connection, session, has_answered=session.answered > 0)
        here = set(connection.execute(select(events.c.key).where(events.c.session_id == session.id)).scalars())
        new = {message.key: message for message in messages if message.key not in here}
        if len(here) + len(new) > EVENTS_A_SESSION:
            raise RefusedError(429, "events", "This session has sent too many events.")
        if new:
            connection.execute(insert(events), event_rows(session, self.study, new.values(), self.clock()))
        self.change(connection, session)

    def _tokens(self, trial: Row[Any]) -> tuple[str, ...]:
        """The stimuli of a trial."""
        return tuple(self.stimuli.by_look[look].token for look in trial_looks(trial))

    def _insert_session(self, connection: Connection, begun: Begun, language: str, recruited: str | None) -> None:
        now, mine = self.clock(), (self.study_id, self.simulated)
        slot = allocation.free_slot(connection, self.study, *mine, now)
        number = allocation.next_number(connection, *mine)
        planned = assignment.session_trials(self.study, self.stimuli.manifest.cast, slot, number)
        row = insert(sessions).values(
            study_id=self.study_id,
            simulated=self.simulated,
            number=number,
            token_hash=digest(begun.token),
            code_hash=digest(begun.code),
            language=language,
            recruited=recruited,
            **vars(slot),
            trials=len(planned),
            answered=0,
            lapsed=False,
            begun_at=now,
            seen_at=now,
        )
        session_id = connection.execute(row.returning(sessions.c.id)).scalar_one()
        connection.execute(insert(trials), [{"session_id": session_id, **vars(trial)} for trial in planned])

    def _known(self, connection: Connection, token: str, locked: bool = True) -> Session:
        """The session of `token`; raises `RefusedError` if there is none, or if it belongs to another study."""
        session = connection.execute(OF_TOKEN_LOCKED if locked else OF_TOKEN, {"token": digest(token)}).first()
        if session is None or session.simulated != self.simulated:
            raise RefusedError(401, "unknown", "This link is not known here.")
        if session.withdrawn_at is not None:
            raise RefusedError(410, "withdrawn", "These answers were withdrawn.")
        if session.study_id != self.study_id:
            raise changed()
        return session

    def present(self, connection: Connection, token: str) -> Session:
        """A known session that has its place."""
        session = self._known(connection, token)
        self._hold_place(connection, session)
        return session

    def _hold_place(self, connection: Connection, session: Session, has_answered: bool = False) -> None:
        """A lapsed session gets its place back, or goes on without one while any is free, or is refused.

        `has_answered`: it brings what it was shown while it still had its place, which is kept in any case. A session
        that is set aside needs no place, and is not told.
        """
        if not session.lapsed or session.set_aside_at is not None or session.completed_at is not None:
            return
        allocation.lock_study(connection, self.study_id)
        if allocation.take_back(connection, self.study, self.study_id, session, self.clock()) or has_answered:
            return
        if not session.answered:
            raise RefusedError(410, "full", "All places are taken by now; please come back later.")
        raise RefusedError(
            410, "lapsed", "After a long pause your place was given to somebody else; thank you for your answers."
        )

    def change(self, connection: Connection, session: Session, **values: object) -> None:
        """Change a session's row, and note that it was seen."""
        connection.execute(CHANGE, {"session": session.id, "seen_at": self.clock(), **values})

    def _insert_answers(self, connection: Connection, session: Session, message: AnswerMessage) -> None:
        if message.trial >= session.trials:
            raise RefusedError(404, "unassigned", "This session has no such trial.")
        if message.trial > session.answered:
            raise RefusedError(409, "order", f"Trial {session.answered} comes first.")
        now = self.clock()
        if session.ready_at is None:
            raise RefusedError(409, "order", "The plan comes before the first answer.")
        if (early := session.ready_at + self.study.viewing_ms - now) > 0:
            raise RefusedError(429, "early", "The picture cannot have been shown yet.", retry_after=early / 1000)
        connection.execute(insert(answers), answer_rows(session, self.study, message, now))
        answered = session.answered + 1
        if message.next_key is not None and answered < session.trials:
            row = {"session_id": session.id, "trial": answered, "key": message.next_key, "begun_at": now}
            connection.execute(insert(showings), row)
        done = {"completed_at": now} if answered == session.trials else {}
        self.change(connection, session, answered=answered, ready_at=now, **done)

    def _without_sides(self, connection: Connection, session: Session, message: AnswerMessage) -> AnswerMessage:
        """Of two pictures, what is stored is not the side that was named, but what it says of the trial's method."""
        mine = (trials.c.session_id == session.id, trials.c.position == message.trial)
        place = connection.execute(select(trials.c.fake_place).where(*mine)).scalar()
        if place is None:  # the session has no such trial: refused as such
            return message
        values = {name: stored_value(self.study, side, place) for name, side in message.values.items()}
        return replace(message, values=values)

    def _check_replay(self, connection: Connection, session: Session, message: AnswerMessage) -> None:
        here = connection.execute(
            select(answers).where(answers.c.session_id == session.id, answers.c.trial == message.trial)
        ).all()
        if {row.criterion: row.value for row in here} != message.values:
            raise conflict("This trial has other answers already; the first ones stay.")
