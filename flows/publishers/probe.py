"""``csw doctor --live``: each server asked one cheap question per call that the clients make, its answer held against
the typed model, and what does not fit said in words, with what follows from it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from flows.common.errors import CswError
from flows.common.findings import Finding
from flows.common.settings import Settings
from flows.publishers import ees, ees_public, govuk, nomis, ofsted_reports, ons
from flows.publishers.authorities import Authorities
from flows.publishers.ees_models import DataContent, DataSet, DataSetFile, Redirects, Release
from flows.publishers.govuk_models import Collection, Page
from flows.publishers.http import Answer, Empty, Http
from flows.publishers.query import Query
from flows.publishers.report import some_of
from flows.publishers.shapes import fitted
from flows.publishers.state import State
from flows.sources.passport import Passport, Remote, load_passports

if TYPE_CHECKING:
    from flows.publishers.ees_models import Publication

#: Seconds that one question may take, and how often it is asked: somebody waits for the answer.
PATIENCE, TRIES = 60.0, 2
#: Authorities' pages that are looked at for a report.
FEW_PAGES = 12


def probe(settings: Settings) -> list[Finding]:
    """What every server answers; nothing is kept, nothing of the installation is changed.

    Args:
        settings: where the servers are and which passports to ask for.
    """
    servers = settings.servers
    patience = {"deadline": min(servers.deadline, PATIENCE), "tries": min(servers.tries, TRIES)}
    quick = servers.model_copy(update=patience)
    settings = settings.model_copy(update={"servers": quick})
    found: list[Finding] = []
    with tempfile.TemporaryDirectory(prefix="csw-probe-") as work:
        state = State(Path(work) / "state.json")
        with Http(quick, state, Path(work)) as http:
            one = _Probe(settings, http)
            for passport in load_passports(settings.passports):
                for remote in passport.remote:
                    one.place(passport, remote)
            found = one.found
        if state.synthetic:
            found.append(Finding("servers", None, "these are played: no figure of theirs is real"))
    return found


class _Probe:
    """Questions under way: what was found so far, and which calls were looked at once already."""

    def __init__(self, settings: Settings, http: Http) -> None:
        self.settings, self.http = settings, http
        self.found: list[Finding] = []
        self._seen: set[str] = set()

    def place(self, passport: Passport, remote: Remote) -> None:
        """Ask for one place of a publication."""
        query = Query(passport, remote, self.http, self.settings, lambda _: False, {})
        asks: dict[str, Callable[[Query], None]] = {
            "ees": self._ees,
            "govuk": self._govuk,
            "hmt": self._govuk,
            "ons": self._ons,
            "nomis": self._nomis,
            "ofsted_reports": self._ofsted,
        }
        asks[remote.client](query)

    def _once(self, call: str) -> bool:
        """Whether a call that is the same for every source has not been looked at yet."""
        if call in self._seen:
            return False
        self._seen.add(call)
        return True

    def _fine(self, about: str, said: str) -> None:
        self.found.append(Finding(about, True, said))

    def _note(self, about: str, said: str, follows: str = "") -> None:
        self.found.append(Finding(about, None, said, follows))

    def _wrong(self, about: str, said: str, follows: str) -> None:
        self.found.append(Finding(about, False, said, follows))

    @contextmanager
    def _asking(self, about: str, follows: str) -> Iterator[None]:
        """A call; what does not fit becomes a finding, with what follows from it."""
        try:
            yield
        except CswError as exc:
            self._wrong(about, str(exc), follows)

    # --- EES -------------------------------------------------------------------------------------------------------

    def _ees(self, query: Query) -> None:
        source = query.passport.source
        found = self._ees_publication(query, source)
        if self._once("redirects"):
            about = "EES content API, redirects"
            with self._asking(about, "A publication that is renamed is not found under its new slug."):
                url = f"{query.servers.ees_content}/redirects"
                said = fitted(Redirects, query.http.json(url), url)
                self._fine(about, f"{len(said.publication_redirects)} for renamed publications")
        if found is None:
            return
        slug, publication = found
        latest = self._ees_releases(query, source, slug)
        release = latest.slug if latest else publication.latest_release.slug
        version = self._ees_version(query, source, slug, release, latest)
        about = f"EES content API, data content ({source})"
        content: DataContent | None = None
        with self._asking(about, "The files of a release are not found one by one; its zip is taken."):
            content = ees.data_content(query, slug, release)
            self._fine(about, f"{len(content.data_sets)} data sets, {len(content.supporting_files)} supporting files")
        if content is not None:
            self._ees_catalogue(query, publication.id, content)
            if self._once("ees files") and content.data_sets:
                self._ees_files(query, slug, publication.id, version or content.release_version_id, content)

    def _ees_publication(self, query: Query, source: str) -> tuple[str, Publication] | None:
        """The publication under the slug that it has now; None where it is not found."""
        about = f"EES content API, publication ({source})"
        with self._asking(
            about, "Its releases are not found; the latest one's zip is taken by the site's page, if that answers."
        ):
            slug, publication = ees.publication_of(query)
            moved = "" if slug == query.remote.slugs[0] else f", now under {slug}: put it first in `slugs`"
            after = publication.superseded_by_publication
            if after is None:
                self._fine(about, f"{publication.title}, latest release {publication.latest_release.slug}{moved}")
            else:
                what, _, advice = ees.superseded(query, slug, after).partition(": ")
                self._wrong(about, what, f"{advice[0].upper()}{advice[1:]}.")
            return slug, publication
        return None

    def _ees_releases(self, query: Query, source: str, slug: str) -> Release | None:
        """The release that the list marks as the latest."""
        about = f"EES content API, releases ({source})"
        with self._asking(about, "Only the latest release is fetched."):
            url = f"{query.servers.ees_content}/publications/{slug}/releases"
            listed = fitted(list[Release], query.http.json(url), url)
            latest = next((r for r in listed if r.latest_release), None)
            if latest is None:
                self._wrong(
                    about, f"none of {len(listed)} is marked as the latest", "New releases are not told from old ones."
                )
            else:
                self._fine(about, f"{len(listed)}, the latest {latest.slug}")
            return latest
        return None

    def _ees_version(self, query: Query, source: str, slug: str, release: str, latest: Release | None) -> str:
        """The release's version by its summary, else as the list says; blank where neither does."""
        about = f"EES content API, version summary ({source})"
        with self._asking(about, "When an amendment came out is not known."):
            summary = ees.version_summary(query, slug, release)
            if latest and summary.id != latest.id:
                self._note(
                    about,
                    f"its version is {summary.id}, the list of releases says {latest.id}",
                    "An amendment is under way.",
                )
            else:
                # That it was first published counts as an update, too.
                amended = max(summary.update_count - 1, 0)
                times = f"amended {amended} time{'s' * (amended > 1)}" if amended else "not amended"
                self._fine(about, f"last updated {summary.last_updated[:10]}, {times}")
            return summary.id
        return latest.id if latest else ""

    def _ees_catalogue(self, query: Query, publication_id: str, content: DataContent) -> None:
        source = query.passport.source
        about = f"EES content API, data-set files ({source})"
        follows = (
            "Names of files are not known beforehand: files are chosen by their titles alone, and some are missed."
        )
        with self._asking(about, follows):
            listed = ees.catalogue(query, publication_id, content.release_version_id)
            names = {d.id: d.filename for d in listed}
            lacking = [d.title for d in content.data_sets if d.data_set_file_id not in names]
            if content.data_sets and not listed:
                other = self._by_release_id(query, publication_id, content.release_id)
                why = (
                    f", and {other} for its release's id: the parameter `releaseId` has changed its meaning"
                    if other
                    else ""
                )
                self._wrong(about, f"none for version {content.release_version_id}{why}", follows)
            elif lacking:
                self._wrong(
                    about, f"{len(lacking)} data sets of the release are not listed: {some_of(lacking)}", follows
                )
            else:
                self._fine(about, f"{len(listed)} files by name")
            wanted = [d for d in content.data_sets if query.wants(names.get(d.data_set_file_id, ""), d.title)]
            if content.data_sets and not wanted:
                offers = some_of(names.get(d.data_set_file_id, d.title) for d in content.data_sets)
                self._wrong(
                    f"EES, wanted files ({source})",
                    f"the latest release has none like {some_of(query.patterns)}; it offers {offers}",
                    f"Nothing of it is fetched. Compare `files` in flows/sources/{source}.yml with these names.",
                )

    def _by_release_id(self, query: Query, publication_id: str, release_id: str) -> int:
        try:
            return len(ees.catalogue(query, publication_id, release_id))
        except CswError:
            return 0

    def _ees_files(self, query: Query, slug: str, publication_id: str, version: str, content: DataContent) -> None:
        """The addresses of one small file."""
        small = min(content.data_sets, key=lambda d: (d.meta.num_data_file_rows if d.meta else 0) or 10**9)
        base, site = query.servers.ees_content, query.servers.ees_site
        name = self._name_of(query, publication_id, content, small)
        came: list[str] = []

        def address(about: str, url: str, follows: str, *, md5: bool = False, name: str = name) -> Answer | None:
            with self._asking(about, follows):
                answer = self.http.file(url, name=name, md5_etag=md5)
                came.append(about)
                self._fine(
                    about, f"{answer.bytes} bytes of {answer.name}" + (f", {answer.etag}" if answer.etag else "")
                )
                return answer
            return None

        about = "EES content API, file of a release"
        url = f"{base}/releases/{version}/files/{small.file_id}"
        try:
            answer = self.http.file(url, name=name, md5_etag=True)
            came.append(about)
            self._fine(about, f"{answer.bytes} bytes, {answer.etag or 'no ETag'}")
        except Empty as exc:
            said = f"200 and nothing in it ({exc.etag or 'no ETag'}), as is known of newer data"
            self._note(about, said, "Its hash tells of changes; the file comes from the next address.")
        except CswError as exc:
            self._wrong(about, str(exc), "Files come from the next address.")
        download = f"{base}/data-set-files/{small.data_set_file_id}/download"
        address(
            "EES content API, download of a data set", download, "Files come from the next address, the catalogue's."
        )
        csv = f"{site}/data-catalogue/data-set/{small.data_set_file_id}/csv"
        address("EES site, data catalogue's CSV", csv, "Files come from the next address.")
        zipped = f"{base}/releases/{version}/files?fileIds={small.file_id}"
        address("EES content API, zip of one file", zipped, "There is no last resort for a file.", name="zipped.zip")
        if not came:
            self._wrong("EES, files", "no address gives a file", "Nothing of the department's is fetched.")
        about = "EES site, page of a publication"
        with self._asking(about, "There is no way round a content API that does not answer."):
            self._fine(about, f"carries the data of release {ees.page_data(query, slug).slug}")
        self._ees_public(query, publication_id)

    def _name_of(self, query: Query, publication_id: str, content: DataContent, one: DataSet) -> str:
        try:
            listed: list[DataSetFile] = ees.catalogue(query, publication_id, content.release_version_id)
        except CswError:
            listed = []
        return next((d.filename for d in listed if d.id == one.data_set_file_id), "data.csv")

    def _ees_public(self, query: Query, publication_id: str) -> None:
        base = query.servers.ees_public
        follows = "What a new version changed is not told, and the API is no other way to a file."
        about = "EES public API, data sets"
        listed = []
        with self._asking(about, follows):
            listed = ees_public.data_sets(self.http, base, publication_id)
            self._fine(about, f"{len(listed)} of {query.passport.source}")
        usable = [d for d in listed if d.latest_version]
        if not usable:
            return
        one = usable[0]
        assert one.latest_version is not None
        about = "EES public API, versions"
        with self._asking(about, follows):
            self._fine(about, f"{len(ees_public.versions(self.http, base, one.id))} of “{one.title}”")
        about = "EES public API, changes"
        with self._asking(about, follows):
            words = ees_public.changes(self.http, base, one.id, one.latest_version.version).words()
            self._fine(about, "; ".join(words)[:200] or "none in its latest version")
        about = "EES public API, CSV"
        with self._asking(about, "The API is no other way to a file."):
            answer = self.http.file(ees_public.csv_url(base, one.id), name="data.csv")
            self._fine(about, f"{answer.bytes} bytes, unpacked")

    # --- GOV.UK ----------------------------------------------------------------------------------------------------

    def _govuk(self, query: Query) -> None:
        source, remote = query.passport.source, query.remote
        paths = [(p, "") for p in remote.page_globs]
        if remote.collection:
            about = f"GOV.UK, collection ({source})"
            paths = []
            with self._asking(about, "No page of it is found."):
                listed = govuk.content(query, remote.collection, Collection).links.documents
                ours = [d for d in listed if remote.is_page(d.base_path, d.title)]
                paths = [(d.base_path, d.public_updated_at or "") for d in ours]
                if ours:
                    self._fine(about, f"{len(ours)} of its {len(listed)} pages are ours")
                else:
                    offers = some_of(d.base_path for d in listed) or "none"
                    said = (
                        f"none of its {len(listed)} pages is like {' or '.join(remote.page_globs)}; there are {offers}"
                    )
                    advice = f"Nothing of it is fetched. Compare `page` in flows/sources/{source}.yml with these."
                    self._wrong(about, said, advice)
        if not paths:
            return
        newest = max(paths, key=lambda p: p[1])[0]
        about = f"GOV.UK, newest page ({source})"
        with self._asking(about, "Its attachments are not found."):
            page = govuk.content(query, newest, Page)
            files, names = govuk._attachments(query, page)
            if files:
                self._fine(about, f"{newest}: {len(files)} of {len(names)} attachments are wanted")
                if self._once("govuk asset"):
                    one = min(files, key=lambda f: f.size or 10**12)
                    about = "GOV.UK, attachment"
                    answer = self.http.file(one.url, name=one.name)
                    off = one.size and answer.bytes != one.size
                    said = f"{answer.bytes} bytes of {one.name}"
                    if off:
                        self._wrong(about, f"{said}, the page states {one.size}", "It is refused, as not whole.")
                    else:
                        self._fine(about, said)
            elif remote.some_pages_have_none:
                self._note(about, f"{newest}: none of its {len(names)} attachments is wanted, as may be here")
            else:
                offers = some_of(names) or "none"
                said = f"{newest}: no attachment is like {some_of(query.patterns)}; there are {offers}"
                advice = f"Nothing of it is fetched. Compare `files` in flows/sources/{source}.yml with these names."
                self._wrong(about, said, advice)

    # --- ONS, Nomis, Ofsted ----------------------------------------------------------------------------------------

    def _ons(self, query: Query) -> None:
        for name, uri in query.remote.series.items():
            about = f"ONS, series {uri.split('/')[-2]}"
            with self._asking(about, f"{name} is not renewed."):
                answer = self.http.file(ons.series_url(query.servers.ons, uri), name=name)
                assert answer.path is not None
                problem = ons.problem(answer.path)
                day, following = ons.dates(answer.path)
                if problem:
                    self._wrong(about, problem, f"{name} is refused.")
                else:
                    self._fine(about, f"released on {day}, next on {following or 'a day not named'}")

    def _nomis(self, query: Query) -> None:
        for name, asked in query.remote.queries.items():
            about = f"Nomis, {asked.get('geography', name)}"
            with self._asking(about, f"{name} is not renewed."):
                ages = asked.get("c_age", "").partition("...")[0]
                made = nomis.whole(query, name, {**asked, "date": "latest", **({"c_age": ages} if ages else {})})
                rows = made.data.count(b"\n") - 1
                self._fine(about, f"{rows} rows of the latest year and one age, counties among them")

    def _ofsted(self, query: Query) -> None:
        providers: list[ofsted_reports.Provider] = []
        about = "Ofsted, list of authorities"
        with self._asking(about, "The index of reports is not renewed; the one held stays."):
            first = ofsted_reports.listing(query)
            providers = ofsted_reports.providers_of(query)
            self._fine(about, f"{len(providers)} authorities, {len(first.providers)} on a page")
        known = Authorities(query.settings.seeds)
        strangers = [f"{p.name} ({p.urn})" for p in providers if known.of_provider(p.urn, p.name) is None]
        if strangers:
            advice = "Their reports are not taken. Add their numbers to flows/publishers/ofsted_providers.csv."
            self._wrong("Ofsted, names", f"neither number nor name is known of {some_of(strangers)}", advice)
        elif providers:
            self._fine("Ofsted, names", "every authority is known by its number or its name")
        self._ofsted_page(query, providers)

    def _ofsted_page(self, query: Query, providers: list[ofsted_reports.Provider]) -> None:
        """The pages of a few authorities, until one has a report to look at."""
        about, follows = "Ofsted, an authority's page", "Reports of authorities are not found, or not all of them."
        some = providers[:: max(len(providers) // FEW_PAGES, 1)]
        has_files = False
        for p in some:
            with self._asking(about, follows):
                text = self.http.text(p.url)
                has_files |= "/v1/file/" in text
                reports, unread = ofsted_reports.reports_of(text, p.url)
                if unread:
                    said = f"{p.url}: {len(unread)} reports have an unknown text: {unread[0][:80]!r}"
                    self._wrong(about, said, follows)
                    return
                wanted = [r for r in reports if query.wants("", r.title)]
                if not wanted:
                    continue
                self._fine(about, f"{len(wanted)} of {len(reports)} reports of {p.name} are wanted")
                with self._asking("Ofsted, a report", "No report is fetched."):
                    answer = self.http.file(wanted[0].url, name="report.pdf")
                    self._fine("Ofsted, a report", f"{answer.bytes} bytes")
                return
        if has_files:
            said = f"the pages of {len(some)} authorities lead to files, and to no report that is wanted"
            self._wrong(about, said, "Compare the site with flows/publishers/ofsted_reports.py and its passport.")
        elif some:
            self._note(about, f"none of {len(some)} authorities has a report")
