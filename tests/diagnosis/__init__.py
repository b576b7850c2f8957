"""Tests of the judgements: tables of evidence, each beside its nearest look-alike."""
