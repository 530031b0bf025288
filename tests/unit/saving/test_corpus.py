"""Hostile and broken files, through everything that reads model files: what comes of them, and of the loader without each of its checks."""

import collections
import sys

import pytest

import amalthea
from amalthea.saving.faults import CODES
from corpus import checks, entries, gathering
from corpus.entries import STATE
from corpus.gathering import Corpus

SECONDS, KILOBYTES = 1, 64 << 10

# Checks that no file meets with the limits as they are: why, by what their statements say.
MET_ELSEWHERE = {
    "inflated_bytes": "4 GiB must be produced first; smaller limits are tested with the readers",
    "is no table": "what does not begin as a table does is not taken for safetensors",
    "zip.missing": "the formats look for their members first",
    "Its parts are nested too deeply": "JSON is bounded before; plain values are tested with the configurations",
    "sign.missing": "signatures are asked for with `trust`; tested with the members of archives",
    "golden.missing": "golden values are asked for; tested with the members of archives",
    "cannot take its variables": "only layers of users' own refuse what has the right shapes",
}
# Checks without which the same is refused a little later, by another one.
CAUGHT_LATER = (
    "It counts {given[key]",
    "is called nowhere, so it gives no tensor",
    "times; call {number} is named",
    "has one output; output {output} is named",
    "but is named as a class",
)
# Each rule of the loader, and the codes of the errors by which it is kept.
RULES = {
    "1, a closed registry": {"config.unknown", "config.mismatch"},
    "2, no code": {"config.code"},
    "3, validate, then allocate": {
        *("json.damaged", "json.deep", "json.long", "json.many", "json.number", "json.text", "json.twice"),
        *("config.depth", "config.form", "config.graph", "config.key", "config.kind", "config.size", "config.value"),
        *("keras.config", "hdf5.config", "tensor.elements", "tensor.rank"),
    },
    "4, one descriptor of a regular file, and no paths": {
        *("source.closed", "source.kind", "source.changed", "source.end", "config.path"),
        *("shards.index", "shards.many", "shards.missing", "shards.name", "shards.twice", "backup.state"),
    },
    "5, a strict profile of zip": {
        *("zip.bomb", "zip.crc", "zip.damaged", "zip.directory", "zip.disks", "zip.end", "zip.extra", "zip.flags", "zip.header", "zip.kind"),
        *("zip.members", "zip.method", "zip.missing", "zip.name", "zip.overlap", "zip.size", "zip.twice"),
        *("keras.hash", "keras.incomplete", "keras.member", "keras.metadata"),
    },
    "6, HDF5, npz and safetensors by headers": {
        *("hdf5.attribute", "hdf5.attributes", "hdf5.block", "hdf5.bomb", "hdf5.checksum", "hdf5.cycle", "hdf5.damaged", "hdf5.deep", "hdf5.dense"),
        *("hdf5.dtype", "hdf5.end", "hdf5.external", "hdf5.filter", "hdf5.header", "hdf5.heap", "hdf5.layer", "hdf5.layout", "hdf5.link"),
        *("hdf5.mark", "hdf5.message", "hdf5.name", "hdf5.object", "hdf5.objects", "hdf5.offset", "hdf5.overlap", "hdf5.rank", "hdf5.shape"),
        *("hdf5.shared", "hdf5.short", "hdf5.size", "hdf5.sparse", "hdf5.steps", "hdf5.structure", "hdf5.text", "hdf5.tree", "hdf5.twice"),
        *("hdf5.version", "hdf5.virtual", "hdf5.weight"),
        *("npz.damaged", "npz.header", "npz.kind", "npz.member", "safetensors.cover", "safetensors.header", "tensor.size"),
    },
    "7, an exact match": {"model.mismatch", "model.assign", "weights.name"},
    "8, the bytes decide": {"format.ending", "format.foreign", "format.no_model", "format.unknown"},
    "what is asked for is there": {"sign.missing", "golden.missing"},
}


def complaints(pair, made=()):
    """What is wrong with what came of a case in an entry. Nothing is made when a file is inspected, so what is `made` may be missed there."""
    result = pair.result
    found = {"refused": result.get("code"), "loaded": None}.get(result["kind"], "no refusal at all")
    if found != pair.code and not (pair.entry == "inspect" and pair.case.name in made and result["kind"] != "failed"):
        yield f"{pair.code} was expected, not {found}: {result['text']}"
    yield from result["events"]
    allowed = {str(pair.path), *(str(pair.path.with_name(name)) for name in (*pair.case.beside, STATE))}
    yield from (f"opened {name}" for name in result["opened"] if name not in allowed)
    if result["opened"].count(str(pair.path)) > 1:
        yield "opened twice"
    if result["kind"] == "refused":
        yield from (f"changed: {name}" for name in result["changed"])
        if not result["reason"].endswith((".", "?", "\n")) or not result["place"] or len(result["text"]) > 3000:
            yield f"says: {result['text'][:3000]}"
        if not all(letter.isprintable() or letter == "\n" for letter in result["text"]):
            yield f"says what disturbs a terminal: {result['text'][:1000]!r}"
    if result["seconds"] > SECONDS:
        yield f"took {result['seconds']:.2f} s"
    if result["kilobytes"] > KILOBYTES:
        yield f"took {result['kilobytes'] >> 10} MiB"


def refused_when_made(result):
    """Whether a configuration was refused when something was made of it, and not by the checks before."""
    return result.get("code", "").startswith("config.") and not any(line.startswith("saving/checking.py") for line in result["lines"])


def met(check, result):
    """Whether a check is what refused a file."""
    where = [line.rpartition(":") for line in result.get("lines", ())]
    return any(file == check.file and check.first <= int(line) <= check.last for file, _, line in where)


def statement(check):
    return "\n".join((checks.ROOT / check.file).read_text().split("\n")[check.first - 1 : check.last])


pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Memory and open files are read from /proc, as Linux has it.")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return Corpus(tmp_path_factory.mktemp("corpus"))


# One test, so that the corpus runs once however the tests are shared out.
def test_every_file_in_every_entry_and_without_every_check(corpus):
    made = {pair.case.name for pair in corpus.pairs if pair.entry == "load_model" and refused_when_made(pair.result)}
    wrong = [f"{pair.case.name}, by {pair.entry}: {text}" for pair in corpus.pairs for text in complaints(pair, made)]
    assert not wrong, "\n".join([f"{len(wrong)} complaints:", *wrong[:20]])

    found = {}
    for check in checks.checks():
        pairs = [pair for pair in corpus.pairs if met(check, pair.result)]
        if not any(text in statement(check) for text in MET_ELSEWHERE):
            assert pairs, f"No case of the corpus meets {check}: {statement(check)}"
            if not any(text in statement(check) for text in CAUGHT_LATER):
                found[check] = list({pair.case.name: pair for pair in reversed(pairs)}.values())  # in the entry that comes first
    unseen = [f"{check}: {statement(check)}" for check, missed in corpus.missed(found).items() if not missed]
    assert not unseen, "\n".join([f"{len(unseen)} checks can be taken out unseen:", *unseen])

    refused = {pair.result["code"] for pair in corpus.pairs if pair.result["kind"] == "refused"}
    reached = set().union(*RULES.values()) - {"config.depth", "zip.missing", "model.assign", "sign.missing", "golden.missing"}  # see above
    assert refused == reached


def test_the_rules_are_all_of_the_codes():
    assert set().union(*RULES.values()) == {code for code in checks.codes() if "{" not in code} | set(CODES) | _of_hdf5()
    assert sum(map(len, RULES.values())) == len(set().union(*RULES.values()))


def _of_hdf5():
    return {code for code in RULES["6, HDF5, npz and safetensors by headers"] if code.startswith("hdf5.")}


def test_there_are_many_kinds():
    cases = gathering.cases()
    names = collections.Counter(case.name for case in cases)
    assert max(names.values()) == 1
    assert len({case.name.partition(": ")[2] for case in cases}) > 400
    assert len(cases) > 1200


def test_other_names_are_the_same_functions():
    from processes import run

    code = (
        "import amalthea.as_keras\nfrom corpus.entries import same_functions\nprint(all(a is b for a, b in same_functions()), len(same_functions()))"
    )
    path = f"{checks.ROOT.parent}:{gathering.__file__.rpartition('/corpus/')[0]}"
    assert run(code, PYTHONPATH=path, AMALTHEA_ENGINE="numpy").stdout.split() == ["True", "7"]
    assert amalthea.models.load_model is amalthea.saving.load_model
    assert set(entries.ENTRIES) >= {"load_model", "load_weights", "BackupAndRestore", "model_from_json"}
