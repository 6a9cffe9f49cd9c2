"""A file on which the worker failed is tried again by somebody, in the evidence as every act is (R-51)."""

from sqlmodel import select

from portal.data.publication_files import MOST_FAILURES, FileState, PublicationFile
from tests.support.entry import send
from tests.support.evidence_rows import Evidence
from tests.support.publishing import Desk


def test_agent_who_has_a_file_tried_again_is_in_the_evidence_once(client) -> None:
    desk = Desk(client)
    desk.upload("garanties", b"x", "garanties.csv")
    with client.services.database.write() as db:
        file = db.exec(select(PublicationFile)).one()
        file.state, file.failures, file.checked_at = FileState.CHECKING, MOST_FAILURES, None
    client.get(desk.path)
    evidence = Evidence(client)
    client.submit('main form[action$="/reprise"]')
    assert client.path == desk.path
    assert send(client, f"{desk.path}/reprise", form_at="/gestion").status_code == 303
    acts = [(act.action, act.object.partition(" ")[0]) for act in evidence.fresh()]
    with client.services.database.read() as db:
        file = db.exec(select(PublicationFile)).one()
    assert file.failures == 0
    assert acts == [("job.asked", f"publication:{file.publication_id}")]
