import { access, rename } from 'node:fs/promises'
import { recordError } from '../record-error.js'
import type { CompressChunk } from './compression.js'
import { McapFile } from './mcap-file.js'

const LIBRARY = 'memlane'

/** What the name of an unfinished recording ends with. */
export const PARTIAL = '.partial'

/** An MCAP file that is called `FILE.partial` until it is finished. */
export class PartialFile {
  readonly path: string
  readonly mcap: McapFile

  private constructor(path: string, mcap: McapFile) {
    this.path = path
    this.mcap = mcap
  }

  /**
   * Creates the file.
   *
   * @throws SharedMemoryError `FILE_EXISTS` if it exists, finished or not; the error of the system
   */
  static async create(path: string, compress: CompressChunk): Promise<PartialFile> {
    if (await exists(path))
      throw recordError('FILE_EXISTS', path, 'the file exists. Choose another name, or delete it.')
    try {
      return new PartialFile(path, await McapFile.create(path + PARTIAL, LIBRARY, compress))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const remedy = 'If no recorder writes it now, repair it with recover, or delete it.'
      throw recordError('FILE_EXISTS', path + PARTIAL, `an earlier recording was not finished. ${remedy}`, error)
    }
  }

  /** Finishes the file and gives it its name. */
  async finish(): Promise<string> {
    await this.mcap.end()
    await rename(this.path + PARTIAL, this.path)
    return this.path
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch {
    return false
  }
}
