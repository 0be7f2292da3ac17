"""`make bench`: every benchmark, one after the other."""

from benchmarks import burst, launch, probes, resume_program, template


def main() -> None:
    for benchmark in (resume_program, template, launch, probes, burst):
        print(f"\n## {benchmark.__name__}: {(benchmark.__doc__ or '').strip().splitlines()[0]}")
        benchmark.main()


if __name__ == "__main__":
    main()
