"""Tests of `conndrop demo`."""
